export { default } from '#bench-root/server/api/session.get'
