import { describe, expect, it } from 'vitest'
import { opNames } from '../spec/catalogue.js'
import { listAt, listing, overview } from './list.js'

const list = (asked: readonly string[], json = false, columns?: number) => {
  const [out, err]: [string[], string[]] = [[], []]
  const screen = { write: (text: string) => out.push(text), ...(columns === undefined ? {} : { columns }) }
  const code = listAt({ out: screen, err: { write: (text: string) => err.push(text) } }, asked, json)
  return { code, out: out.join(''), err: err.join('') }
}

describe('etalon list', () => {
  it('has a line for every op, no longer than the terminal is wide', () => {
    const { code, out } = list([], false, 80)
    expect(code).toBe(0)
    opNames.forEach((op) => expect(out).toMatch(new RegExp(`^${op} +fwd`, 'm')))
    const table = out.split('\n').slice(0, -4)
    expect(table.filter((line) => line.length > 80)).toEqual([])
  })

  it('says which directions a backend lacks', () => {
    const [conv] = listing().filter(({ op }) => op === 'conv2d')
    const lacking = { ...conv!, backends: { reference: ['forward', 'backward'], webgpu: ['forward'] } as const }
    const none = { ...conv!, backends: { reference: ['forward', 'backward'], webgpu: [] } as const }
    expect(overview([lacking])).toMatch(/^conv2d +fwd bwd +fwd – /m)
    expect(overview([lacking])).toContain('1 ops, 2 with their directions; reference has 2 of these, webgpu 1')
    expect(overview([none])).toMatch(/^conv2d +fwd bwd +none/m)
  })

  it('says which ops have second derivatives', () => {
    const { out } = list([], false, 80)
    expect(out).toMatch(/^tanh +fwd bwd +fwd bwd +yes/m)
    expect(out).toMatch(/^localResponseNorm +fwd bwd +fwd bwd +–/m)
    expect(list(['step']).out).toMatch(/^ +second +none$/m)
    expect(listing().filter(({ op }) => op === 'dense')).toMatchObject([{ second: true }])
  })

  it('says all about an op that is named, and what its attributes default to', () => {
    const { code, out } = list(['maxPool2d', 'momentum'])
    expect(code).toBe(0)
    expect(out).toContain('x[N,C,H,W] → y[N,C,Ho,Wo]')
    expect(out).toContain('stride (as window): a list of 2, each an integer of at least 1')
    expect(out).toContain('learningRate (required): a finite number of at least 0')
    expect(out).toContain('gradients  none')
  })

  it('is JSON on demand, an object for each op', () => {
    const { out } = list(['bce'], true)
    expect(JSON.parse(out)).toMatchObject({
      op: 'bce',
      attributes: [{ name: 'reduction', default: 'mean' }],
      outputs: [{ name: 'loss', axes: [], varies: true }],
      backends: { webgpu: ['forward', 'backward'] },
    })
  })

  it('refuses an op that there is not, and exits with 2', () => {
    expect(list(['conv2d', 'conv9d'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/UnknownOp: /) as string,
    })
  })
})
