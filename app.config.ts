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
    },
  },
})
