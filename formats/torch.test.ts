import { describe, expect, it } from 'vitest'
import { alexnet } from '../spec/networks/alexnet.js'
import { googlenet } from '../spec/networks/googlenet.js'
import { inceptionV3 } from '../spec/networks/inceptionV3.js'
import type { Network } from '../spec/networks/network.js'
import { lstmClassifier, rnnClassifier } from '../spec/networks/recurrent.js'
import { resnet18, resnet50 } from '../spec/networks/resnet.js'
import { vgg16 } from '../spec/networks/vgg.js'
import { stateDictNames } from './torch.js'

describe("PyTorch's names", () => {
  const namesOf = (network: Network) => Object.values(stateDictNames(network)).flat()

  it('of AlexNet and VGG count the modules of torchvision', () => {
    const layers = [
      'features.0',
      'features.3',
      'features.6',
      'features.8',
      'features.10',
      'classifier.1',
      'classifier.4',
    ]
    expect(namesOf(alexnet(1, { variant: 'torchvision' }))).toEqual(
      [...layers, 'classifier.6'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    )
    const places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    expect(namesOf(vgg16(1, { variant: 'torchvision' }))).toEqual(
      [...places.map((at) => `features.${at}`), 'classifier.0', 'classifier.3', 'classifier.6'].flatMap((name) => [
        `${name}.weight`,
        `${name}.bias`,
      ]),
    )
  })

  it('of recurrent layers on top of each other are those of one module, with two biases each', () => {
    const names = stateDictNames(rnnClassifier(1, { cell: 'gru', layers: 2 }))
    expect(names).toMatchObject({
      'gru.l0.bIh': ['gru.bias_ih_l0'],
      'gru.l0.bHh': ['gru.bias_hh_l0'],
      'gru.l1.wIh': ['gru.weight_ih_l1'],
      'gru.l1.wHh': ['gru.weight_hh_l1'],
      'gru.l1.h0': [],
    })
    expect(stateDictNames(lstmClassifier(1, { layers: 2 }))['lstm.l1.b']).toEqual([
      'lstm.bias_ih_l1',
      'lstm.bias_hh_l1',
    ])
    expect(stateDictNames(lstmClassifier(1))['lstm.b']).toEqual(['lstm.bias_ih_l0', 'lstm.bias_hh_l0'])
  })

  it('of both directions have _reverse behind the other one’s, as list(torch.nn.LSTM(…).state_dict()) has them', () => {
    const named = (layers: number): readonly string[] =>
      Object.values(stateDictNames(lstmClassifier(1, { layers, bidirectional: true })))
        .flat()
        .filter((name) => name.startsWith('lstm'))
    const of = (layer: string): readonly string[] =>
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((kind) => `lstm.${kind}_${layer}`)
    expect(named(1).toSorted()).toEqual(['l0', 'l0_reverse'].flatMap(of).toSorted())
    expect(named(2).toSorted()).toEqual(['l0', 'l0_reverse', 'l1', 'l1_reverse'].flatMap(of).toSorted())
  })

  // from the state dicts of torchvision 0.14
  it.each([
    [resnet18(1), 102, ['conv1.weight', 'bn1.running_mean', 'layer1.0.conv1.weight', 'layer2.0.downsample.1.bias']],
    [resnet50(1), 267, ['layer1.0.downsample.0.weight', 'layer4.2.bn3.running_var', 'fc.weight', 'fc.bias']],
    [
      googlenet(1, { variant: 'torchvision', aux: true }),
      305,
      [
        ...['conv1.conv.weight', 'conv3.bn.running_var', 'inception3a.branch1.conv.weight', 'aux1.conv.conv.weight'],
        ...['inception3a.branch2.0.conv.weight', 'inception5b.branch4.1.bn.weight', 'aux2.fc2.bias', 'fc.weight'],
      ],
    ],
    [
      inceptionV3(1, { aux: true }),
      484,
      [
        ...['Conv2d_1a_3x3.conv.weight', 'Mixed_5b.branch3x3dbl_3.bn.bias', 'Mixed_6b.branch7x7dbl_5.conv.weight'],
        ...['Mixed_7c.branch3x3dbl_3b.conv.weight', 'AuxLogits.conv1.bn.running_mean', 'AuxLogits.fc.weight'],
      ],
    ],
  ] as const)('of networks with batch norm are those of the modules (%#)', (network, count, some) => {
    const names = namesOf(network)
    expect(new Set(names).size).toBe(count)
    expect(names).toEqual(expect.arrayContaining([...some]))
  })
})
