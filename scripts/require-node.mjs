// Runs before `npm start`, `npm test` and others. In old JavaScript, because it also runs in the Node that it refuses.
const [major, minor] = process.versions.node.split('.').map(Number)
const isSupported = major === 22 ? minor >= 22 : major === 24 ? minor >= 15 : major >= 26

if (!isSupported) {
  console.error(
    `Cloakroom runs on Node 22.22, 24.15 or 26, or a later version of these, and this is Node `
    + `${process.versions.node}. `
    + 'Its own Node comes with an optional dependency: run `npm ci` with those included, or install one of these '
    + 'versions.',
  )
  process.exit(1)
}
