export { default } from '#bench-root/server/api/session.put'
