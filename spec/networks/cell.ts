import { either as E, function as F } from 'fp-ts'
import type { Result } from '../error.js'
import { brief, ensure, fail } from '../error.js'
import type { Tensors } from '../tensor.js'
import type { Block, Layer, Mode, Network } from './network.js'
import {
  chain,
  convolution,
  fullyConnected,
  identity,
  inference,
  joined,
  keepingSize,
  plainLayer,
  scaled,
  sequential,
} from './network.js'
import { entry, reading } from './blocks.js'

/**
 * What may stand on an edge of a cell. `none`: nothing passes. `s`: it passes as it is. `c3`: 3×3 filters; `d3`, `d5`: separable
 * ones, each channel by itself and then 1×1 across; all of them behind a ReLU. `m3`, `a3`: the largest, the mean of 3×3.
 */
export const operations = ['none', 's', 'c3', 'd3', 'd5', 'm3', 'a3'] as const
export type Operation = (typeof operations)[number]
/** What an edge may be in the end. */
export type Chosen = Exclude<Operation, 'none'>
export const chosen = operations.filter((one): one is Chosen => one !== 'none')

/** From the cell's input, 0, or from one of its nodes, counted from 1. */
export interface Edge {
  readonly from: number
  readonly op: Chosen
}

/** A cell: each node is the sum of what comes over its edges from earlier ones, and all nodes side by side come out. */
export interface Cell {
  readonly filters: number
  readonly nodes: readonly (readonly Edge[])[]
}

const start = 'cell:'

/** Whether a network's name is a cell written down. */
export const isCell = (name: string): boolean => name.startsWith(start)

/** A cell as a network's name: `cell:8-0c3+0d5-0s+1c3` has 8 filters and two nodes of two edges each. */
export const cellName = ({ filters, nodes }: Cell): string =>
  `${start}${[filters, ...nodes.map((edges) => edges.map(({ from, op }) => `${from}${op}`).join('+'))].join('-')}`

const edgeOf =
  (node: number) =>
  (text: string): Result<Edge> => {
    const [, from, name] = /^(\d)([a-z]\d?)$/.exec(text) ?? []
    const op = chosen.find((one) => one === name)
    return op !== undefined && Number(from) < node
      ? E.right({ from: Number(from), op })
      : fail(
          'AttributeOutOfRange',
          `${brief(text, 20)}: an edge of node ${node} is a number below ${node} and one of ${chosen.join(', ')}`,
        )
  }

/**
 * The cell of such a name.
 *
 * Errors  AttributeOutOfRange – no filters, no node or more than 8, or an edge that is none or comes from no earlier node
 */
export const parseCell = (name: string): Result<Cell> => {
  const [first = '', ...rest] = name.slice(start.length).split('-')
  return F.pipe(
    ensure(
      /^[1-9]\d{0,2}$/.test(first) && rest.length >= 1 && rest.length <= 8,
      'AttributeOutOfRange',
      `${brief(name)}: wanted ${start}FILTERS and one to eight nodes, such as ${start}8-0c3-0s+1d3`,
    ),
    E.flatMap(() =>
      F.pipe(
        rest.map((text, at) => ({ text, node: at + 1 })),
        E.traverseArray(({ text, node }) => F.pipe(text.split('+'), E.traverseArray(edgeOf(node)))),
      ),
    ),
    E.map((nodes) => ({ filters: Number(first), nodes })),
  )
}

/** What a candidate makes of C maps, which keep their size. */
const operation = (name: string, op: Operation, [N, C]: readonly [number, number]): Block => {
  const pool = { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] }
  const separable = (size: number): Block =>
    chain(
      plainLayer(`${name}.relu`, 'relu'),
      convolution(`${name}.each`, [C, C], [size, size], { padding: keepingSize(size), groups: C }, { bias: false }),
      convolution(`${name}.across`, [C, C], [1, 1]),
    )
  switch (op) {
    case 'none':
      return scaled(name, [N, C], 0)
    case 's':
      return identity
    case 'c3':
      return chain(
        plainLayer(`${name}.relu`, 'relu'),
        convolution(`${name}.conv`, [C, C], [3, 3], { padding: keepingSize(3) }),
      )
    case 'd3':
      return separable(3)
    case 'd5':
      return separable(5)
    case 'm3':
      return plainLayer(name, 'maxPool2d', pool)
    case 'a3':
      return plainLayer(name, 'avgPool2d', pool)
  }
}

/** Nodes over edges that are blocks, and all nodes side by side. */
const cellOf = (nodes: readonly (readonly { readonly from: number; readonly block: Block }[])[]): Block => {
  const valueOf = (values: readonly string[], from: number): string => values[from] as string
  const built = nodes.reduce<{ readonly layers: readonly Layer[]; readonly values: readonly string[] }>(
    ({ layers, values }, edges, at) => {
      const placed = edges.map(({ from, block }) => reading(valueOf(values, from), block))
      const sums = placed.slice(1).reduce<{ readonly layers: readonly Layer[]; readonly value: string }>(
        ({ layers, value }, { output }, i) => {
          const name = `node${at + 1}.sum${i + 1}`
          const { layers: own } = plainLayer(name, 'add')
          return {
            layers: [...layers, ...own.map((layer): Layer => ({ ...layer, reads: { a: value, b: output } }))],
            value: name,
          }
        },
        { layers: [], value: placed[0]?.output ?? entry },
      )
      return {
        layers: [...layers, ...placed.flatMap((block) => block.layers), ...sums.layers],
        values: [...values, sums.value],
      }
    },
    { layers: [], values: [entry] },
  )
  const { layers: own } = plainLayer('nodes', 'concat')
  return {
    layers: [
      ...built.layers,
      ...own.map((layer): Layer => ({
        ...layer,
        reads: Object.fromEntries(built.values.slice(1).map((value, i) => [`x${i}`, value])),
      })),
    ],
    output: 'nodes',
    auxiliaries: [],
  }
}

/** A cell between what makes maps of an image of 28×28 and what makes ten logits of maps: x [N,1,28,28] → [N,10]. */
const around = (batch: number, filters: number, nodes: number, cell: Block, mode: Mode): Network =>
  sequential(
    [batch, 1, 28, 28],
    [
      chain(
        convolution('stem', [1, filters], [3, 3], { padding: keepingSize(3) }),
        plainLayer('pool1', 'maxPool2d'),
        cell,
        plainLayer('act', 'relu'),
        plainLayer('pool2', 'maxPool2d'),
        plainLayer('flat', 'flatten'),
        fullyConnected('logits', filters * nodes * 49, 10),
      ),
    ],
    mode,
  )

const edgeName = (node: number, from: number): string => `edge${from}to${node}`

/** The network of a cell. */
export const cellNetwork = (batch: number, { filters, nodes }: Cell, mode: Mode = inference): Network =>
  around(
    batch,
    filters,
    nodes.length,
    cellOf(
      nodes.map((edges, at) =>
        edges.map(({ from, op }, i) => ({
          from,
          block: operation(`${edgeName(at + 1, from)}.${i + 1}`, op, [batch, filters]),
        })),
      ),
    ),
    mode,
  )

/** Every edge that a cell of so many nodes can have. */
const edgesOf = (nodes: number): readonly { readonly node: number; readonly from: number }[] =>
  Array.from({ length: nodes }, (_, at) => at + 1).flatMap((node) =>
    Array.from({ length: node }, (_, from) => ({ node, from })),
  )

const logitsOf = (edge: string): string => `${edge}.share.x`

/** The architecture parameters of a relaxed cell: α of each edge, [1, operations]. */
export const architectureParameters = (nodes: number): readonly string[] =>
  edgesOf(nodes).map(({ node, from }) => logitsOf(edgeName(node, from)))

/**
 * All candidates at once, each as much as its share.
 *
 *   y = Σ_o softmax(α)_o · o(x)
 *
 * The candidates stand as channels of one row of pixels, and a convolution with one tap, whose filter are the shares, adds
 * them up: so that both α and what the candidates learn have their gradients out of the catalogue.
 *
 * Shapes  x [N,C,S,S]  α [1, operations]  →  y [N,C,S,S]
 * Source  Liu, Simonyan and Yang, "DARTS: differentiable architecture search", 2019, equation 2
 */
const mixed = (edge: string, [N, C, S]: readonly [number, number, number]): Block => {
  const K = operations.length
  const shares: readonly Layer[] = [
    {
      name: `${edge}.share`,
      op: 'softmax',
      attrs: {},
      reads: {},
      parameters: { x: { shape: [1, K], fanIn: K, gain: 1, first: 0 } },
      kept: {},
      gives: 'y',
      runs: 'always',
    },
    ...plainLayer(`${edge}.filter`, 'reshape', { shape: [1, K, 1, 1] }).layers.map((layer): Layer => ({
      ...layer,
      reads: { x: `${edge}.share` },
    })),
  ]
  const candidates = chain(
    joined(
      `${edge}.all`,
      'concat',
      Object.fromEntries(operations.map((op, i) => [`x${i}`, operation(`${edge}.${op}`, op, [N, C])])),
      { axis: 0 },
    ),
    plainLayer(`${edge}.rows`, 'reshape', { shape: [1, K, 1, N * C * S * S] }),
  )
  const { layers: sum } = plainLayer(`${edge}.sum`, 'conv2d')
  const { layers: back } = plainLayer(edge, 'reshape', { shape: [N, C, S, S] })
  return {
    layers: [
      ...candidates.layers,
      ...shares,
      ...sum.map((layer): Layer => ({ ...layer, reads: { x: candidates.output, w: `${edge}.filter` } })),
      ...back.map((layer): Layer => ({ ...layer, reads: { x: `${edge}.sum` } })),
    ],
    output: edge,
    auxiliaries: [],
  }
}

/** The relaxation of all cells of so many nodes: every edge there can be, and on each all operations at once. */
export const relaxedNetwork = (
  batch: number,
  { filters, nodes }: { readonly filters: number; readonly nodes: number },
): Network =>
  around(
    batch,
    filters,
    nodes,
    cellOf(
      Array.from({ length: nodes }, (_, at) =>
        Array.from({ length: at + 1 }, (_, from) => ({
          from,
          block: mixed(edgeName(at + 1, from), [batch, filters, 14]),
        })),
      ),
    ),
    inference,
  )

/** softmax(α) of each edge, by operation. */
export interface EdgeShares {
  readonly node: number
  readonly from: number
  readonly shares: Readonly<Record<Operation, number>>
}

export const sharesOf = (nodes: number, parameters: Tensors): readonly EdgeShares[] =>
  edgesOf(nodes).map(({ node, from }) => {
    const alpha = Array.from(parameters[logitsOf(edgeName(node, from))]?.data ?? [])
    const most = Math.max(...alpha)
    const parts = alpha.map((a) => Math.exp(a - most))
    const total = parts.reduce((a, b) => a + b, 0)
    const shares = Object.fromEntries(operations.map((op, i) => [op, (parts[i] as number) / total]))
    return { node, from, shares: shares as EdgeShares['shares'] }
  })

/**
 * The cell that a relaxation has come to: on each edge the operation of the largest share, `none` left aside, and of each node
 * the `kept` edges whose operation has the largest.
 *
 * Source  Liu, Simonyan and Yang, 2019, section 2.4
 */
export const discretized = (filters: number, edges: readonly EdgeShares[], kept = 2): Cell => {
  const nodes = Math.max(0, ...edges.map(({ node }) => node))
  return {
    filters,
    nodes: Array.from({ length: nodes }, (_, at) =>
      edges
        .filter(({ node }) => node === at + 1)
        .map(({ from, shares }) => {
          const op = chosen.reduce((best, one) => (shares[one] > shares[best] ? one : best))
          return { from, op, share: shares[op] }
        })
        .toSorted((a, b) => b.share - a.share || a.from - b.from)
        .slice(0, kept)
        .toSorted((a, b) => a.from - b.from)
        .map(({ from, op }): Edge => ({ from, op })),
    ),
  }
}
