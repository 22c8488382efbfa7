/** Whether the server has `GET /api/_session/diagnose`, as it told with the page; undefined while it has not. */
export function useDiagnosisSwitch() {
  return useState<true | undefined>('session-diagnosis')
}
