/** What the process's exit code says. */
export const exit = {
  ok: 0,
  notConformant: 1,
  usage: 2,
  noBackend: 3,
  oracleFailed: 4,
  /** by Ctrl-C; 128 and the number of the signal, as shells have it */
  interrupted: 130,
} as const

export type ExitCode = (typeof exit)[keyof typeof exit]
