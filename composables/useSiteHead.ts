/** The head of every page, including the error page. */
export function useSiteHead() {
  useHead({
    htmlAttrs: { lang: 'en' },
    titleTemplate: title => title ? `${title} · Cloakroom` : 'Cloakroom',
    link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }],
    meta: [
      { name: 'viewport', content: 'width=device-width, initial-scale=1' },
      // The header's color in each mode.
      { name: 'theme-color', content: '#ffffff', media: '(prefers-color-scheme: light)' },
      { name: 'theme-color', content: '#161b1d', media: '(prefers-color-scheme: dark)' },
    ],
  })
}
