export { issueValue } from '#bench-root/server/utils/session-value'
