import type { Fill, Form } from './form.js'
import { form } from './questions.js'

/** The shapes at which elementwise kernels change, for ops whose tensors share one shape. */
export const elementwiseCorners = (
  inputs: readonly string[],
  attrs: Form['attrs'] = {},
  fills: Readonly<Record<string, Fill>> = {},
): readonly Form[] =>
  (
    [
      ['a scalar', []],
      ['one element', [1]],
      ['rank 5', [2, 1, 3, 1, 2]],
      ['15', [15]],
      ['17', [17]],
      ['a workgroup less one', [63]],
      ['a workgroup', [64]],
      ['a workgroup and one', [65]],
      ['255', [255]],
      ['256', [4, 64]],
      ['257', [257]],
      ['65,535', [65535]],
      ['65,537', [65537]],
      ['more than one row of workgroups', [2048, 2049]],
    ] as const
  ).map(([name, shape]) => form(name, attrs, Object.fromEntries(inputs.map((input) => [input, shape])), fills))
