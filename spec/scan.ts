/** What each of T steps makes of what the step before it made: the first of `start`, and so on. */
export const scan = <C, S extends C>(T: number, start: C, step: (before: C, t: number) => S): readonly S[] => {
  const made: S[] = []
  for (let t = 0; t < T; t++) made.push(step(made[t - 1] ?? start, t))
  return made
}

/** The same from the last step to the first: each makes something of what the step after it made. In order of time. */
export const scanBack = <C, S extends C>(T: number, start: C, step: (after: C, t: number) => S): readonly S[] => {
  const made: S[] = []
  for (let t = T - 1; t >= 0; t--) made.push(step(made.at(-1) ?? start, t))
  return made.reverse()
}
