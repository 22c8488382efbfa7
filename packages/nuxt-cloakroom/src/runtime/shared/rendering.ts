/**
 * Key of a request's context: a page is being rendered for it. The pages are another bundle than the server, so they
 * cannot import each other.
 */
export const RENDERS_PAGE = Symbol.for('cloakroom: renders a page')
