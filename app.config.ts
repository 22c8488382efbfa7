/** Nuxt UI fades a pressed or hovered control, which takes its label's contrast below 4.5:1. Here it gets stronger. */
const HOVER = [
  { color: 'primary', variant: 'solid', class: { base: 'hover:bg-primary-800 active:bg-primary-900 '
    + 'dark:hover:bg-primary-200 dark:active:bg-primary-100' } },
  { color: 'primary', variant: 'link', class: { base: 'hover:text-primary-900 active:text-primary-900 '
    + 'dark:hover:text-primary-100 dark:active:text-primary-100' } },
] as const

export default defineAppConfig({
  ui: {
    colors: {
      primary: 'baize',
      secondary: 'brass',
      success: 'emerald',
      warning: 'brass',
      error: 'red',
      info: 'baize',
      neutral: 'mist',
    },
    button: {
      slots: { base: 'font-medium transition-colors motion-reduce:transition-none' },
      compoundVariants: [...HOVER],
    },
    skeleton: { base: 'bg-accented/60 motion-reduce:animate-none' },
  },
})
