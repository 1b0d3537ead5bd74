import { readFileSync } from 'node:fs'
import { describeNetwork } from '../spec/networks/describe.js'
import type { RecurrentOp } from '../spec/networks/network.js'
import type { LearningRecipe, NetworkName } from '../spec/networks/zoo.js'
import { hasAuxiliaries, learningOf, networkNamed, networkNames, variantsOf } from '../spec/networks/zoo.js'

/** The page of the zoo: every network in numbers, beside what was published about it. */

/** Parameters as a paper, a library or the course has them, by form of the network. */
export const published: Readonly<Record<string, { readonly parameters: number; readonly by: string }>> = {
  mlp: { parameters: 23860, by: 'Nielsen, 784-30-10' },
  lenet5: { parameters: 61706, by: 'the common variant; the paper of 1998 has 60,000' },
  alexnet: { parameters: 62378344, by: 'one tower; the course: "60M"' },
  'alexnet --variant two-tower': { parameters: 60965224, by: 'the paper: "60 million"' },
  'alexnet --variant torchvision': { parameters: 61100840, by: 'torchvision' },
  vgg16: { parameters: 138357544, by: 'the paper and the course: 138M' },
  vgg19: { parameters: 143667240, by: 'the paper: 144M' },
  'googlenet --variant torchvision': { parameters: 6624904, by: 'torchvision' },
  'googlenet --variant torchvision --aux': { parameters: 13004888, by: 'torchvision' },
  bnInception: { parameters: 11295240, by: 'pytorchcv, after the Caffe model' },
  inceptionV3: { parameters: 23834568, by: 'torchvision' },
  'inceptionV3 --aux': { parameters: 27161264, by: 'torchvision' },
  inceptionV4: { parameters: 42679816, by: 'timm, pytorchcv' },
  inceptionResnetV2: { parameters: 55843464, by: 'timm, pytorchcv' },
  resnet18: { parameters: 11689512, by: 'torchvision' },
  resnet34: { parameters: 21797672, by: 'torchvision' },
  resnet50: { parameters: 25557032, by: 'torchvision' },
  resnet101: { parameters: 44549160, by: 'torchvision' },
  resnet152: { parameters: 60192808, by: 'torchvision' },
  preactResnet18: { parameters: 11687848, by: 'pytorchcv' },
  preactResnet50: { parameters: 25549480, by: 'pytorchcv' },
  preactResnet152: { parameters: 60185256, by: 'pytorchcv' },
  preactResnet200: { parameters: 64666280, by: 'pytorchcv' },
  seResnet50: { parameters: 28088024, by: "the paper's authors, with biases" },
  seResnet152: { parameters: 66821848, by: "the paper's authors, with biases" },
  senet154: { parameters: 115088984, by: "the paper's authors, with biases" },
  dqn: { parameters: 1686180, by: 'the paper’s layers, 4 actions' },
}

interface Measured {
  readonly name: NetworkName
  readonly cell?: RecurrentOp
  /** by seeds 1, 2 and 3, as far as they were asked */
  readonly seeds: readonly number[]
}

/**
 * Shares of the 10,000 test digits that networks with their defaults read right after one epoch, as the command asks for
 * them; of the autoencoder the mean square of what is off. Measured on lavapipe by the command that the page gives.
 */
export const measured: Readonly<Record<string, Measured>> = {
  perceptron: { name: 'perceptron', seeds: [0.9877, 0.9898] },
  mlp: { name: 'mlp', seeds: [0.9163, 0.9177, 0.915] },
  lenet5: { name: 'lenet5', seeds: [0.9555, 0.9582] },
  rnnClassifier: { name: 'rnnClassifier', seeds: [0.8286, 0.8354] },
  lstmClassifier: { name: 'lstmClassifier', seeds: [0.9222, 0.926] },
  'rnnClassifier --cell gru': { name: 'rnnClassifier', cell: 'gru', seeds: [0.94] },
  autoencoder: { name: 'autoencoder', seeds: [0.0606] },
}

export interface Form {
  readonly name: NetworkName
  /** as `etalon describe` is asked for it */
  readonly asked: string
  readonly parameters: number
  readonly multiplyAdds: number
}

/** Every form of every network. */
export const forms = (): readonly Form[] =>
  networkNames.flatMap((name) =>
    [undefined, ...variantsOf(name).slice(1)].flatMap((variant) =>
      (hasAuxiliaries(name) ? [false, true] : [false]).map((aux) => {
        const network = networkNamed(name, { aux, ...(variant === undefined ? {} : { variant }) })
        const figures = network._tag === 'Left' ? network : describeNetwork(name, network.right)
        if (figures._tag === 'Left') throw new Error(figures.left.message)
        return {
          name,
          asked: [name, ...(variant === undefined ? [] : [`--variant ${variant}`]), ...(aux ? ['--aux'] : [])].join(
            ' ',
          ),
          ...figures.right.totals,
        }
      }),
    ),
  )

const grouped = (count: number): string => count.toLocaleString('en-US')

// where a network is defined, if not in a file of its name
const files: Readonly<Record<string, string>> = {
  rnnClassifier: 'recurrent',
  lstmClassifier: 'recurrent',
  vgg16: 'vgg',
  vgg19: 'vgg',
  ...Object.fromEntries(['18', '34', '50', '101', '152'].map((layers) => [`resnet${layers}`, 'resnet'])),
  ...Object.fromEntries(['18', '50', '152', '200'].map((layers) => [`preactResnet${layers}`, 'resnet'])),
  seResnet50: 'resnet',
  seResnet152: 'resnet',
  senet154: 'resnet',
}
const fileOf = (name: NetworkName): string => `spec/networks/${files[name] ?? name}.ts`

/** The docstring above what a file exports under a name; none where another name's speaks for it. */
const docstringOf = (name: NetworkName): string => {
  const text = readFileSync(new URL(`../${fileOf(name)}`, import.meta.url), 'utf8')
  const before = text.slice(0, text.indexOf(`export const ${name} =`)).trimEnd()
  return before.endsWith('*/')
    ? before
        .slice(before.lastIndexOf('/**') + 3, -2)
        .replace(/^\s*\* ?/gm, '')
        .trim()
    : ''
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

const initText = (init: LearningRecipe['init']): string =>
  init.kind === 'scaled' ? 'scaled' : `${init.kind}, inputs σ = ${init.inputs.toPrecision(3)}`

/** What each network is trained with, and what it then reads. */
const learningTable = (): string =>
  [
    row(['`etalon train …`', 'optimizer', 'rate', 'batch', 'first weights', 'seed 1', 'seed 2', 'seed 3']),
    row(['---', '---', '--:', '--:', '---', '--:', '--:', '--:']),
    ...Object.entries(measured).map(([asked, { name, cell, seeds }]) => {
      const { optimizer, learningRate, batch, init } = learningOf(name, cell === undefined ? {} : { cell }).recipe
      return row([
        `\`${asked}\``,
        optimizer,
        String(Number(learningRate.toPrecision(3))),
        String(batch),
        initText(init),
        ...[0, 1, 2]
          .map((at) => seeds[at])
          .map((found) =>
            found === undefined ? '–' : name === 'autoencoder' ? `mse ${found.toFixed(4)}` : percent(found),
          ),
      ])
    }),
  ].join('\n')

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** `docs/networks.md`, before it is formatted. */
export const networksPage = (): string =>
  [
    '# Networks',
    '<!-- Generated by `npm run docs`; edit what it is made of instead. -->',
    `A network is a value: a program of the catalogue's ops, the parameters among its inputs, and the value that is its answer.
It is put together of blocks, which are values too: \`sequential(shape, [block, …])\` makes a network of a chain, and
\`chain\`, \`residual\`, \`inception\`, \`squeezeExcite\`, \`bottleneck\`, \`auxiliary\`, \`scoped\` and \`joined\` make larger blocks of
smaller ones. One description serves twice: in training batch norm goes by the batch, carries its running statistics on,
and dropout draws its masks; at inference neither happens.`,
    `\`etalon describe NAME\` prints a network layer by layer: op, output, parameters, multiply-adds, and how many pixels of the
image one output sees. None of these numbers is typed in: each op says in its contract how many products it makes and what
its windows span, and shapes are those of the program. Parameters are what is learnt, γ and β of batch norm among them,
running statistics not. Multiply-adds are the products of a weight and a value in convolutions, dense and recurrent layers,
for one example; products with zeros of the padding count, biases, normalization, pooling and gates do not.`,
    [
      row(['`etalon describe …`', 'parameters', 'multiply-adds', 'published parameters']),
      row(['---', '--:', '--:', '---']),
      ...forms().map(({ asked, parameters, multiplyAdds }) => {
        const known = published[asked]
        return row([
          `\`${asked}\``,
          grouped(parameters),
          grouped(multiplyAdds),
          known === undefined ? '' : `${grouped(known.parameters)} (${known.by})`,
        ])
      }),
    ].join('\n'),
    `Where the course, a paper and a library disagree, the text below says which number belongs to what. The names of the
\`torchvision\` variants are those of PyTorch's state dicts but for the last part, which \`stateDictNames\` translates.`,
    `## Accuracy of each network after one epoch with its defaults

Without options \`etalon train NAME\` trains a network with what its entry in [spec/networks/zoo.ts](../spec/networks/zoo.ts) says:
optimizer, first rate, batch and first weights; of recurrent layers as suits their cell. The rate falls to 0 with the last
step. Of 10,000 training digits of MNIST, on all 10,000 test digits, by seeds 1, 2 and 3 on lavapipe, a Vulkan on the
processor:`,
    ['```sh', 'etalon train NAME --data DIR --seed 1', '```'].join('\n'),
    learningTable(),
    `The perceptron tells one digit, 0 unless \`--digit\` says another, from the nine others, and its share is of right answers to
that: 90.2 % by always saying no. The autoencoder draws digits again; the mean square of what is off, of pixels from 0 to 1,
is 0.0675 of an answer that is the mean digit whatever it is given. A plain rnn reads fewer than nine digits of ten after one
epoch, how many depends on its first weights; \`--cell gru\` is what to ask for then.`,
    `## Weights from PyTorch, and back

A state dict that torchvision saved for AlexNet, VGG, GoogLeNet, Inception v3 or a ResNet loads into the \`torchvision\` variant
of that network, or the only one, from a safetensors file. Files of \`torch.save\` (\`.pt\`, \`.pth\`) are pickles, which are
programs and are not read here; Python converts one:`,
    [
      '```python',
      'import torch',
      'from safetensors.torch import save_file',
      "save_file(torch.load('model.pt', map_location='cpu', weights_only=True), 'model.safetensors')",
      '```',
    ].join('\n'),
    `Then, of the bytes of that file:`,
    [
      '```ts',
      "const network = googlenet(1, { variant: 'torchvision', aux: true })",
      'const weights = E.flatMap((file: Safetensors) => weightsFrom(network, file))(decodeSafetensors(bytes))',
      '```',
    ].join('\n'),
    `\`encodeSafetensors(weightsOf(network, weights))\` is the way back: \`model.load_state_dict(load_file('model.safetensors'))\` takes
it, strictly. Batch norm's \`num_batches_tracked\` is passed over on the way in and stays out on the way back, which PyTorch
allows. So is whatever else the network has no use for, such as another head: \`unusedBy(network, file)\` names it. Elements may be
F64, F32, F16, BF16, F8 (E4M3 or E5M2), integers or BOOL; tensors of any other kind are in the file's \`skipped\`, and a file that
is none of safetensors is told by what it is. A recurrent layer's two biases are added up on the way in; on the way back the second is zeros. The files of
GoogLeNet and Inception v3 have their auxiliary classifiers, so ask for \`aux\`.

What torchvision does outside a network is outside here as well: scaling images by mean and deviation, and with pretrained
GoogLeNet and Inception v3 \`transform_input\`, which scales them once more. Its adaptive pools are what they are at 224
pixels (299 for Inception v3): AlexNet and VGG take no other size, and auxiliary classifiers neither; else a network's
program runs on any size that its pools leave something of, given that shape for \`x\`, sizes that are no multiple of 32
aside for GoogLeNet, where \`ceil_mode\` would differ. Tests hold the names, dtypes and shapes of torchvision's own state
dicts, and outputs in f64 to the roundings of both sides.`,
    ...networkNames.flatMap((name) => {
      const text = docstringOf(name)
      return text === '' ? [] : [`## ${name}`, `\`\`\`text\n${text}\n\`\`\``, `[${fileOf(name)}](../${fileOf(name)})`]
    }),
  ].join('\n\n')
