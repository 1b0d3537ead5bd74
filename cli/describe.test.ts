import { describe, expect, it } from 'vitest'
import { networkNames } from '../spec/networks/zoo.js'
import { describeAt } from './describe.js'

const screen = () => {
  const texts: string[] = []
  return { write: (text: string) => texts.push(text), text: () => texts.join('') }
}

const described = (name: string, options: Parameters<typeof describeAt>[2] = {}) => {
  const [out, err] = [screen(), screen()]
  const code = describeAt({ out, err }, name, options)
  return { code, out: out.text(), err: err.text() }
}

describe('etalon describe', () => {
  it('prints a line for each layer, and the totals, in columns and without colours where there is no terminal', () => {
    const { code, out, err } = described('lenet5')
    const lines = out.trimEnd().split('\n')
    expect({ code, err, lines: lines.length }).toEqual({ code: 0, err: '', lines: 14 })
    expect(lines[0]).toBe('layer  op         output      parameters  multiply-adds  receptive field')
    expect(lines[4]).toBe('conv2  conv2d     1×16×10×10       2,416        240,000               14')
    expect(lines.at(-1)).toBe('total                             61,706        416,520')
  })

  it('is no wider than 80 columns where nobody says how wide it may be, and a line for each layer where there is room', () => {
    for (const name of networkNames) {
      const { out } = described(name)
      expect([name, out.split('\n').filter((line) => line.length > 80)]).toEqual([name, []])
    }
    const [narrow, wide] = [80, 200].map((columns) => {
      const out = { ...screen(), columns }
      describeAt({ out, err: screen() }, 'googlenet', {})
      return out.text().trimEnd().split('\n')
    }) as [string[], string[]]
    expect(wide[0]).toMatch(/receptive field$/)
    expect(narrow[0]).toMatch(/multiply-adds {2}field$/)
    expect(narrow.filter((line) => !/^ |^\S+$/.test(line)).length).toBeLessThan(wide.length)
    expect(narrow.length - narrow.filter((line) => /^\S+$/.test(line)).length).toBe(wide.length)
  })

  it('answers --json with exactly the fields that programs read', () => {
    const { out } = described('alexnet', { json: true, variant: 'two-tower' })
    const { layers, ...rest } = JSON.parse(out) as Record<'layers', readonly object[]>
    expect(rest).toEqual({ name: 'alexnet', totals: { parameters: 60965224, multiplyAdds: 724406816 } })
    expect(layers[0]).toEqual({
      name: 'conv1',
      op: 'conv2d',
      output: [1, 96, 55, 55],
      parameters: 34944,
      multiplyAdds: 105415200,
      receptiveField: 11,
    })
    expect(layers.at(-1)).toMatchObject({ name: 'fc8', op: 'dense', receptiveField: null })
  })

  it('counts a batch, and auxiliary classifiers where they are asked for', () => {
    const totals = (options: Parameters<typeof describeAt>[2]) =>
      (JSON.parse(described('googlenet', { json: true, ...options }).out) as { readonly totals: object }).totals
    expect(totals({ aux: true })).toEqual({ parameters: 13378280, multiplyAdds: 1591044096 })
    expect(totals({ batch: 2 })).toEqual({ parameters: 6998552, multiplyAdds: 2 * 1582671872 })
  })

  it('counts recurrent layers of either direction, and no products with a matrix that only turns time round', () => {
    const totals = (options: Parameters<typeof describeAt>[2]) =>
      (JSON.parse(described('rnnClassifier', { json: true, ...options }).out) as { readonly totals: object }).totals
    // PyTorch's RNN(28, 64, bidirectional=True) has 2·64·(28 + 64 + 2) parameters, one bias of each layer less here
    expect(totals({ bidirectional: true })).toEqual({
      parameters: 2 * 64 * (28 + 64 + 1) + 10 * 129,
      multiplyAdds: 2 * 28 * 64 * (28 + 64) + 1280,
    })
  })

  it.each([
    ['no recurrent layers', 'mlp', { bidirectional: true }, 'mlp has no recurrent layers'],
    ['no network', 'alexnett', {}, 'there is no network "alexnett"'],
    ['no such variant', 'alexnet', { variant: 'three-tower' }, 'it has one-tower, two-tower, torchvision'],
    ['no auxiliary classifiers', 'vgg16', { aux: true }, 'vgg16 has no auxiliary classifiers'],
  ] as const)('refuses %s, says what there is, and exits with 2', (_, name, options, message) => {
    const { code, out, err } = described(name, options)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^etalon: AttributeOutOfRange: .+\n$/)
    expect(err).toContain(message)
  })
})
