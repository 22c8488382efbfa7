export default defineAppConfig({
  session: {
    /** Where the `auth` middleware sends visitors who are not signed in, with `returnTo` in the query. */
    signIn: '/sign-in',
    /** Where the `guest` middleware sends visitors who are, unless `returnTo` names a place of this origin. */
    home: '/',
  },
})
