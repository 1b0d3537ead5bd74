import fc from 'fast-check'
import type { AttributeValue } from '../../spec/attributes.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import { ofGradients } from '../dials.js'
import type { Fill, Form } from '../form.js'
import type { Factor, Possible, Row } from './covering.js'
import type { Product } from './sums.js'
import { apart, fillsOf, numberClasses } from './sums.js'

/** What the cases of an op are made of: factors with their classes, and numbers that are drawn in every case anew. */

/** Numbers by name: extents of axes and whatever else is drawn. */
export type Drawn = Readonly<Record<string, number>>

export interface Subject {
  readonly factors: readonly Factor[]
  /** the factors of which every triple is met; without them every pair is enough */
  readonly core?: readonly string[]
  /** the factor that is as plain as it can be wherever a triple is met */
  readonly plainly?: string
  readonly possible: Possible
  /** small extents, and what is drawn beside them */
  readonly drawn: Readonly<Record<string, fc.Arbitrary<number>>>
  /** the same where an axis climbs the ladder: few of all others */
  readonly few: Readonly<Record<string, fc.Arbitrary<number>>>
  /** the axes that climb the ladder of extents, and the rung where each ends */
  readonly ladder: Readonly<Record<string, number>>
  /** the case of a row of classes; an axis of the ladder may be among the numbers, and is then as long as that, if it can */
  readonly form: (row: Row, drawn: Drawn) => Form
  /** a row with one class of numbers after the other, turn by turn: so long sums, which hide most, meet them all */
  readonly turned: (row: Row, turn: number) => Row
}

/** What an op says of its cases; the rest follows from its spec. */
export interface Declared {
  /** per attribute, a value for each class; undefined leaves it to its default */
  readonly attrs?: Readonly<Record<string, Readonly<Record<string, AttributeValue | undefined>>>>
  /** per input, and `dNAME` for a cotangent, a fill for each class */
  readonly data?: Readonly<Record<string, Readonly<Record<string, Fill>>>>
  /** the operands of a sum of products, whose numbers are chosen together as well */
  readonly product?: Product
  /** what else cases differ in */
  readonly factors?: readonly Factor[]
  readonly core?: readonly string[]
  readonly plainly?: string
  readonly possible?: Possible
  readonly drawn: Readonly<Record<string, fc.Arbitrary<number>>>
  /** what is drawn otherwise where an axis climbs the ladder */
  readonly few?: Readonly<Record<string, fc.Arbitrary<number>>>
  readonly ladder: Readonly<Record<string, number>>
  /** the shapes of all inputs, those that may be absent among them, and attributes and fills that hang on the shapes */
  readonly shapes: (row: Row, drawn: Drawn) => Pick<Form, 'shapes'> & Partial<Pick<Form, 'attrs' | 'fills'>>
}

/** An integer from `least` to `most`. */
export const between = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most })

/** A number of classes: few as a rule, now and then enough for tiles of four, and of a subgroup. */
export const fewOrTiles: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: between(1, 4) },
  { weight: 3, arbitrary: between(5, 20) },
  { weight: 1, arbitrary: fc.constantFrom(32, 33, 63, 65) },
)

/** A factor of the cases by its name and classes. */
export const factor = (name: string, ...classes: readonly string[]): Factor => ({ name, classes })

// of axes two at most
const fewOf = (drawn: Declared['drawn'], ladder: Declared['ladder']): Declared['drawn'] =>
  Object.fromEntries(
    Object.entries(drawn).map(([name, numbers]) => [
      name,
      ladder[name] !== undefined || /^d\d$/.test(name) ? between(1, 2) : numbers,
    ]),
  )

const dataOf = (name: string): string => `data of ${name}`

const pulls: Readonly<Record<string, Fill>> = {
  normal: 'normal',
  lone: 'lone',
  'one sign': 'positive',
  'one number': { constant: 1 },
  ties: 'ties',
}

// one class for all names, one for each alone, and one for all but the first
const someOf = (names: readonly string[]): readonly string[] =>
  names.length === 1
    ? ['all']
    : ['all', ...names.map((name) => `only ${name}`), ...(names.length > 2 ? [`without ${names[0]}`] : [])]

const chosen = (choice: string | undefined, names: readonly string[]): readonly string[] | undefined =>
  choice === undefined || choice === 'all'
    ? undefined
    : choice.startsWith('only ')
      ? [choice.slice(5)]
      : names.filter((name) => name !== choice.slice(8))

/** An op's cases in a direction, from what is declared of it. */
export const subject = (op: OpName, direction: Direction, declared: Declared): Subject => {
  const spec = opOf(op)
  const { data = {}, drawn, ladder, core, plainly, product, shapes } = declared
  const back = direction === 'backward'
  const attrs = Object.fromEntries(
    Object.entries(declared.attrs ?? {}).filter(([name]) => back || !ofGradients.includes(name)),
  )
  const optional = Object.entries(spec.inputs).flatMap(([name, axes]) => ('optional' in axes ? [name] : []))
  const cotangents = back ? cotangentNames(spec) : []
  const fills: NonNullable<Declared['data']> = {
    ...Object.fromEntries(
      Object.entries(data).filter(([name]) => spec.inputs[name] !== undefined || spec.variadic !== undefined),
    ),
    ...Object.fromEntries(cotangents.map((name) => [`d${name}`, data[`d${name}`] ?? pulls])),
  }
  const numbers = product === undefined ? [] : numberClasses(direction, product)
  const answers = back ? spec.differentiable : Object.keys(spec.outputs)
  const factors = [
    ...(declared.factors ?? []),
    ...optional.map((name) => factor(name, 'given', 'absent')),
    ...Object.entries(attrs).map(([name, classes]) => factor(name, ...Object.keys(classes))),
    ...Object.entries(fills).map(([name, classes]) => factor(dataOf(name), ...Object.keys(classes))),
    factor('numbers', ...numbers),
    factor('given', ...(cotangents.length > 1 ? someOf(cotangents) : ['all'])),
    // of inputs that come in any number the first stands for some
    factor(
      'wanted',
      ...(back && spec.variadic !== undefined ? someOf([...answers, 'others']).slice(0, 2) : someOf(answers)),
    ),
  ].filter(({ classes }) => classes.length > 1)
  // where the operands' numbers are chosen together none has a class of its own
  const plainData: Row = Object.fromEntries(
    Object.entries(fills).map(([name, classes]) => [dataOf(name), Object.keys(classes)[0] as string]),
  )
  const together = ({ numbers }: Partial<Row>): boolean => numbers !== undefined && numbers !== apart
  // what is absent has no gradient, and a state whose outputs are pulled nowhere none either
  const possible: Possible = (row) =>
    optional.every((name) => row[name] !== 'absent' || row['wanted'] !== `only ${name}`) &&
    (!together(row) ||
      Object.entries(plainData).every(([name, plain]) => row[name] === undefined || row[name] === plain)) &&
    (declared.possible === undefined || declared.possible(row))
  return {
    factors,
    ...(core === undefined ? {} : { core }),
    ...(plainly === undefined ? {} : { plainly }),
    possible,
    drawn,
    few: { ...fewOf(drawn, ladder), ...declared.few },
    ladder,
    turned: (row, turn) => {
      const choice = numbers[turn % numbers.length]
      return choice === undefined ? row : { ...row, ...(choice === apart ? {} : plainData), numbers: choice }
    },
    form: (row, extents) => {
      const made = shapes(row, extents)
      const absent = optional.filter((name) => row[name] === 'absent')
      const present = Object.fromEntries(
        Object.entries(made.shapes).filter(([name]) => !absent.includes(name)),
      ) as Readonly<Record<string, Shape>>
      const asked = {
        ...made.attrs,
        ...Object.fromEntries(
          Object.entries(attrs).flatMap(([name, classes]) => {
            const value =
              classes[row[name] ?? ''] ?? (Object.values(classes).length === 1 ? Object.values(classes)[0] : undefined)
            return value === undefined ? [] : [[name, value]]
          }),
        ),
      }
      const given = chosen(row['given'], cotangents)
      const wanted = chosen(
        row['wanted'],
        answers.filter((name) => !absent.includes(name)),
      )
      return {
        attrs: asked,
        shapes: present,
        fills: Object.fromEntries(
          Object.entries({
            ...made.fills,
            ...Object.fromEntries(
              Object.entries(fills).map(([name, classes]) => [
                name,
                classes[row[dataOf(name)] ?? ''] ?? (Object.values(classes)[0] as Fill),
              ]),
            ),
            ...(product === undefined
              ? {}
              : fillsOf(op, direction, product, row['numbers'] ?? apart, { attrs: asked, shapes: present })),
          }).filter(([name, fill]) => fill !== 'normal' && (present[name] !== undefined || name.startsWith('d'))),
        ),
        ...(given === undefined ? {} : { given }),
        ...(wanted === undefined ? {} : { wanted }),
      }
    },
  }
}
