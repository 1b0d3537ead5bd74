import type { Report } from '../report.js'
import { all, asIfGiven, gathered, moved, report, shapeIn, withIndex } from '../report.js'
import { input } from './met.js'

const inputsAre =
  (n: number) =>
  ({ shapes }: { readonly shapes: Readonly<Record<string, unknown>> }): boolean =>
    Object.keys(shapes).length === n

export const joinsPublic: readonly Report[] = [
  report(
    'shape',
    'four inputs of 180 or of 228 channels, maps up to 32 a side: those behind the first start four channels late',
    'concat forward',
    all(
      inputsAre(4),
      ({ attrs, shapes }) =>
        attrs['axis'] === 1 &&
        Object.values(shapes).every(
          ([, C, H = 0, W = 0], _, [first]) =>
            C === first?.[1] && [180, 228].includes(C as number) && H <= 32 && W <= 32,
        ),
    ),
    asIfGiven((asked) =>
      Object.fromEntries(
        ['x1', 'x2', 'x3'].map((name) => {
          const x = input(asked, name)
          const last = (x.shape[1] as number) - 1
          return [name, gathered(x, (place) => withIndex(place, 1, Math.min((place[1] as number) + 4, last)))]
        }),
      ),
    ),
    { like: 'openvinotoolkit/openvino#38102' },
  ),
  report(
    'shape',
    'one row before more rows: the last row of each map is the one before it',
    'concat forward',
    all(
      inputsAre(2),
      (met) => met.attrs['axis'] === 2 && shapeIn(met, 'x0').length === 4,
      (met) => shapeIn(met, 'x0')[2] === 1 && (shapeIn(met, 'x1')[2] as number) > 1,
    ),
    moved((place, shape) => {
      const row = place[2] as number
      return withIndex(place, 2, row === (shape[2] as number) - 1 ? row - 1 : row)
    }),
    { like: 'microsoft/onnxruntime#16160' },
  ),
]
