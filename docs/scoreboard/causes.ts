/**
 * What a disagreement with the formula is, when somebody has looked at it: a defect of the library, a want of digits, a
 * convention that it may have, or a mistake of our adapter.
 */
export type CauseClass = 'defect' | 'accuracy' | 'convention' | 'ours'

/** Why one or more libraries, ops or directions disagree, in our reading. */
export interface Cause {
  readonly class: CauseClass
  readonly library: string
  readonly title: string
  readonly reason: string
  /** the library's own sources, documentation or tracker, where that was found */
  readonly links?: readonly string[]
}

const tfjs = 'TensorFlow.js'
const tfjsSource = 'https://github.com/tensorflow/tfjs/blob'
const jaxJs = 'jax-js'
const jaxJsNn = 'https://github.com/ekzhang/jax-js/blob/0237b5b8ca1b3ec3e926fde4329a0130aef9c810/src/library/nn.ts'
const ort = 'ONNX Runtime'
const ortSource = 'https://github.com/microsoft/onnxruntime/blob'
const pytorch = 'PyTorch'

export const causes: Readonly<Record<string, Cause>> = {
  // ---- TensorFlow.js ---------------------------------------------------------------------------------------------

  'tfjs-average-gradient': {
    class: 'defect',
    library: tfjs,
    title: 'The gradient of an average over padding divides by the whole window',
    reason:
      '`tf.avgPool` divides by the elements of a window that lie in the image, its gradient by `filterHeight * filterWidth`, padding counted: it is not the gradient of what the forward computes. Any padding, "same" among them, shows it.',
  },
  'tfjs-max-gradient': {
    class: 'defect',
    library: tfjs,
    title: 'The gradient of tf.max goes in full to every one of several equal maxima',
    reason:
      '`gradForMinAndMax` multiplies by `equal(x, y)`. Of two equal maxima both get all of dy, which is no subgradient: their sum is twice dy. TensorFlow, whose op it is, shares it.',
    links: ['https://github.com/tensorflow/tensorflow/pull/109337'],
  },
  'tfjs-adadelta': {
    class: 'defect',
    library: tfjs,
    title: 'Adadelta divides by the mean square from before the step',
    reason:
      'The update takes `accumulatedGrad`, not `newAccumulatedGrad`, into the root. With both means 0, as it starts, the first step is of the size of the gradient itself, here 316 times too large; Zeiler’s paper, Keras and PyTorch divide by the new one.',
    links: [`${tfjsSource}/12e993e245770570277ef1da939ab2f5e18a62ba/tfjs-core/src/optimizers/adadelta_optimizer.ts`],
  },
  'tfjs-unstack-of-one': {
    class: 'defect',
    library: tfjs,
    title: 'The gradient of tf.unstack throws where there is one part',
    reason:
      'The gradient of `Unpack` hands dy to `tf.stack`, and dy is a tensor, not a list of one, where the op has one output. A recurrence over one step has no gradient.',
  },
  'tfjs-wasm-max-pool-gradient': {
    class: 'defect',
    library: tfjs,
    title: 'In WebAssembly the gradient of a maximum that is not positive goes to the first pixel',
    reason:
      'The search for the largest starts at `std::numeric_limits<float>::min()`, which is the smallest positive number and not the lowest: in a window without anything above it no place is found, and dy goes to place 0 of the image.',
    links: [`${tfjsSource}/287dc7f84c9460352f9d82cda5ac5926c4f30192/tfjs-backend-wasm/src/cc/kernels/MaxPoolGrad.cc`],
  },
  'tfjs-wasm-seven-axes': {
    class: 'defect',
    library: tfjs,
    title: 'In WebAssembly a sum or product of tensors of seven axes is never made',
    reason:
      'Sums, differences and products of two tensors are XNNPACK’s, which has no more than six axes. The kernel writes “XNN status for xnn_setup_*_nd_f32 is not successful” to the console and answers with what lay in the memory. With `tf.add` and `tf.mul` go the gradients that are made of a product: those of sigmoid, tanh, ReLU, leaky ReLU and softplus.',
  },
  'tfjs-moving-average': {
    class: 'accuracy',
    library: tfjs,
    title: 'A moving average is moved by a share of the difference',
    reason:
      '`tf.movingAverage` is v + (x − v)·(1 − decay), as its layers have it too. Where the new value has all or nearly all of the weight and the old one is far above it, the digits are the old one’s. By usual decays it is as good as the sum.',
  },
  'tfjs-adam-correction': {
    class: 'accuracy',
    library: tfjs,
    title: 'Adam’s bias correction is 1 − β^t, which cancels for β near 1',
    reason:
      'β^t is a number of f32; of 1 − 0.999 the thousandth part of its digits is left. By usual attributes a step passes; with β₁ at 0.999, or β₂ alone in what is left, it is a few bounds off.',
  },
  'tfjs-cross-entropy': {
    class: 'accuracy',
    library: tfjs,
    title: 'Softmax cross-entropy of large logits keeps few digits',
    reason:
      'It is logits − logsumexp, and the gradient e to the power of that: where the logits are some thousands, the difference has lost as many digits. x − max first, as its own `tf.logSoftmax` does, loses none.',
  },
  'tfjs-log-loss': {
    class: 'convention',
    library: tfjs,
    title: 'The logarithmic loss relies on an epsilon inside its logarithms',
    reason:
      '`tf.losses.logLoss` adds 10⁻⁷ inside, which the formula has not. Asked with an epsilon of 0 it multiplies 0 by log 0, and its gradient divides 0 by a subnormal prediction that the device takes for 0.',
  },
  'tfjs-log1p': {
    class: 'accuracy',
    library: tfjs,
    title: 'Sigmoid cross-entropy loses what is small beside 1',
    reason:
      'It is made of `tf.log1p`, which in WebAssembly and on WebGPU adds the 1 before it takes the logarithm; in plain JavaScript it is `Math.log1p`, which has the digits.',
  },

  'tfjs-webgpu-max-pool-padding': {
    class: 'defect',
    library: tfjs,
    title: 'On WebGPU nothing below −10²⁰ is a maximum',
    reason:
      'The search for the largest starts at `-1.0 / pow(10.0, -20.0)`: of a window that has only smaller numbers the answer is −10²⁰, which stands nowhere in the image.',
  },
  'tfjs-pool-ties': {
    class: 'convention',
    library: tfjs,
    title: 'The gradient of a maximum goes to the last of several equal ones',
    reason:
      'On WebGPU the search takes a later one that is as large (`value >= currMaxValue`), on the processor the first. Either is a subgradient; the adapter declares it.',
  },
  'tfjs-webgpu-softplus': {
    class: 'accuracy',
    library: tfjs,
    title: 'On WebGPU softplus loses what is small beside 1',
    reason:
      'log(1 + e^x) as it stands, but for the ends: at −2 · 3 four digits are left. In plain JavaScript the backend takes `Math.log1p`.',
  },
  'tfjs-webgpu-tanh': {
    class: 'accuracy',
    library: tfjs,
    title: 'On WebGPU tanh cancels near 0',
    reason:
      'It is WGSL’s own, of which the specification asks no more than of sinh and cosh by powers of e: the device’s answers are those of (e^2x − 1)/(e^2x + 1). Cells and recurrences are made of it. Another device may do better.',
  },
  'tfjs-webgpu-elu': {
    class: 'accuracy',
    library: tfjs,
    title: 'On WebGPU ELU subtracts 1 from e^x',
    reason: 'The shader has `exp(a) - 1.0`, which cancels near 0; `Expm1` has the same.',
  },
  'tfjs-webgpu-adam': {
    class: 'accuracy',
    library: tfjs,
    title: 'On WebGPU Adam’s bias correction has as few digits as 1 − β^t leaves of pow',
    reason:
      'β^t is `tf.pow` on the device, in WGSL e to a logarithm: some roundings off 0.999, and 1 − 0.999 has lost a thousandth part. A step is 6·10⁻⁵ of itself off; the processor’s pow is near enough to pass.',
  },

  // ---- jax-js ----------------------------------------------------------------------------------------------------

  'jax-js-sigmoid-gradient': {
    class: 'defect',
    library: jaxJs,
    title: 'The gradient of the sigmoid is NaN far below 0',
    reason:
      '`nn.sigmoid` is `reciprocal(exp(−x) + 1)`. Where e^−x overflows, from x = −89 on, the gradient multiplies an infinity by 0.',
    links: [jaxJsNn],
  },
  'jax-js-softplus': {
    class: 'defect',
    library: jaxJs,
    title: 'Softplus and what is made of it overflow',
    reason:
      '`nn.softplus` is `log(exp(x) + 1)`, which has no value from x = 89 on, where the right one is x. `nn.logSigmoid` is made of it.',
    links: [jaxJsNn],
  },
  'jax-js-softplus-digits': {
    class: 'accuracy',
    library: jaxJs,
    title: 'Softplus loses what is small beside 1',
    reason:
      'The same `log(exp(x) + 1)`, where e^x is small: at −64 nothing is left. Losses of logits are made of it; in WebAssembly the logarithm’s own few digits come on top.',
    links: [jaxJsNn],
  },
  'jax-js-tanh': {
    class: 'accuracy',
    library: jaxJs,
    title: 'Tanh cancels near 0',
    reason:
      'The answers are those of (e^2x − 1)/(e^2x + 1): of small x few digits are left, of 10⁻³⁰ none. Cells and recurrences are made of it. In plain JavaScript the same is worked out in f64, where five digits are left at 10⁻¹² and none from 10⁻¹⁷ on. On WebGPU it is WGSL’s own, of which the specification asks no more.',
  },
  'jax-js-wasm-log': {
    class: 'accuracy',
    library: jaxJs,
    title: 'In WebAssembly the logarithm is good for five digits',
    reason:
      '`wasm_log` ends its series of atanh at t⁷/7: near 2, where t is ⅓, the rest is 10⁻⁵ of the value. Logarithms of softmax and what is made of them have no more digits.',
    links: [
      'https://github.com/ekzhang/jax-js/blob/0e12badd2fb854c80f747234f02ab0df00dc1cab/src/backend/wasm/builtins.ts',
    ],
  },
  'jax-js-webgpu-conv-transpose': {
    class: 'defect',
    library: jaxJs,
    title: 'On WebGPU a transposed convolution of several channels with a stride is wrong',
    reason:
      'Sums over several channels miss products or have those of a neighbour, where there is a stride. The same text is right on the library’s other devices.',
  },
  'jax-js-elu-gradient': {
    class: 'defect',
    library: jaxJs,
    title: 'The gradient of ELU is NaN far above 0',
    reason:
      '`nn.elu` takes e^x on both sides of its `where`: what is not chosen overflows and comes back as 0 · ∞ in the gradient.',
    links: [jaxJsNn],
  },
  'jax-js-elu': {
    class: 'accuracy',
    library: jaxJs,
    title: 'ELU subtracts 1 from e^x',
    reason: 'Near 0 the difference cancels. Its own `selu` has `expm1`, as JAX’s `elu` has.',
    links: [jaxJsNn, 'https://github.com/jax-ml/jax/pull/1207'],
  },
  'jax-js-variance': {
    class: 'accuracy',
    library: jaxJs,
    title: 'Standardizing takes E[x²] − E[x]² for the variance',
    reason:
      'Where the mean is large beside the deviations, the difference cancels. Its source says so: “like JAX”. The catalogue’s bound is that of the two-pass variance.',
    links: [jaxJsNn],
  },
  'jax-js-kink': {
    class: 'convention',
    library: jaxJs,
    title: 'The slope at the corner is that above it',
    reason: 'ReLU and leaky ReLU have slope 1 at 0. The adapter declares it.',
  },
  'jax-js-ties': {
    class: 'convention',
    library: jaxJs,
    title: 'Equal maxima share the gradient',
    reason: 'As in JAX. The adapter declares it.',
    links: ['https://github.com/jax-ml/jax/issues/13600'],
  },

  // ---- ONNX Runtime ----------------------------------------------------------------------------------------------

  'ort-sigmoid': {
    class: 'accuracy',
    library: ort,
    title: 'The sigmoid keeps few digits far below 0',
    reason:
      'It is a rational approximation around ½ whose error is small beside 1, not beside the value: at −16 it answers 2⁻²⁴, half of what is right. Its tracker has answers below 0 of the same kernel. The gates of LSTM are made of it.',
    links: [
      'https://github.com/microsoft/onnxruntime/issues/22557',
      'https://github.com/pytorch/pytorch/issues/147508',
    ],
  },
  'ort-rnn-tanh': {
    class: 'accuracy',
    library: ort,
    title: 'The tanh of RNN is 2σ(2x) − 1, which cancels near 0',
    reason:
      'So its table of activations has it: an error of 2⁻²⁵ is left of any answer, and of 5·10⁻⁵ three digits. The tanh that stands alone, and that of LSTM and GRU, has them all.',
    links: [
      `${ortSource}/4a46fc5f31ace214d2806a5f79f16bfb3a8933b3/onnxruntime/core/providers/cpu/rnn/rnn_activation_functors.h`,
    ],
  },
  'ort-elu': {
    class: 'accuracy',
    library: ort,
    title: 'Elu subtracts 1 from e^x',
    reason: 'Near 0 the difference cancels: at −1.5·10⁻⁵ four digits are left.',
  },

  'ort-webgpu-grouped-conv': {
    class: 'defect',
    library: ort,
    title: 'On WebGPU a vector of channels that lies in two groups is summed over the first of them',
    reason:
      'A convolution of groups works on four output channels at a time wherever a group has four or more and all of them together are a multiple of four, and takes the group of the first for all. Of 24 channels in 4 groups the vector of 16 to 19 lies in two: 18 and 19 are sums over the channels of another group. Convolutions of images have the same; 2 channels, 12 filters and 2 groups show it.',
    links: [`${ortSource}/024e58d2f52611a667bfe82066b213b569c547b9/onnxruntime/core/providers/webgpu/nn/conv.cc`],
  },
  'ort-webgpu-thirds': {
    class: 'defect',
    library: ort,
    title: 'On WebGPU convolutions of 6, 9, 15, 18 … channels are wrong',
    reason:
      'Wherever channels are a multiple of three and not of four, filters a multiple of four, and the layer no 1×1 of stride 1: asked of 6, 9, 15, 18 and 21 channels, each is wrong, with 3×3 filters too; of 2, 3, 5, 7, 10 and 12 none is. A report of a first convolution that is wrong from more than three channels on may be the same.',
    links: ['https://github.com/microsoft/onnxruntime/issues/29651'],
  },
  'ort-webgpu-transposed-groups': {
    class: 'defect',
    library: ort,
    title: 'On WebGPU a transposed convolution in groups of one filter each, of an even number of channels',
    reason:
      'Asked in 2 and 4 groups: with 2, 4, 6 or 8 channels each it is wrong, with 1, 3 or 5 right, and groups of two filters are right. Of 2 groups of 2 channels a lone 1 in the second gives 0.',
  },
  'ort-webgpu-gates': {
    class: 'accuracy',
    library: ort,
    title: 'On WebGPU the gates of LSTM are clamped at −20',
    reason:
      'Its sigmoid is that of `clamp(v, -20.0, 20.0)`: from −20 down it stays at 2·10⁻⁹, which is small beside 1, not beside the value. The sigmoid that stands alone has no clamp.',
    links: [`${ortSource}/03362fdf8ae02d2d602071f51ef5abf41ef34603/onnxruntime/core/providers/webgpu/rnn/lstm.cc`],
  },
  'ort-webgpu-tanh': {
    class: 'accuracy',
    library: ort,
    title: 'On WebGPU tanh cancels near 0',
    reason:
      'It is WGSL’s own, of which the specification asks no more than of sinh and cosh by powers of e: the device’s answers are those of (e^2x − 1)/(e^2x + 1). LSTM and GRU are made of it. Another device may do better.',
  },
  'ort-webgpu-softplus': {
    class: 'accuracy',
    library: ort,
    title: 'On WebGPU softplus loses what is small beside 1',
    reason: 'The shader has `log(1.0 + exp(a))`: at −16 one digit is left, at −64 nothing.',
  },

  // ---- PyTorch ---------------------------------------------------------------------------------------------------

  'pytorch-bce-clamp': {
    class: 'convention',
    library: pytorch,
    title: 'Binary cross-entropy clamps its logarithms at −100, and its gradient alike',
    reason:
      'Its documentation says so: at a prediction of 0 or 1, and next to them, loss and gradient are finite where those of the formula are not, and the gradient of 0 at a target of 0 is 0.',
    links: ['https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.loss.BCELoss.html'],
  },
  'pytorch-bce-with-logits': {
    class: 'accuracy',
    library: pytorch,
    title: 'Binary cross-entropy of logits loses what is small beside 1',
    reason:
      'log(1 + e^−|x|) as it stands. At logits far on the right side a step of 2⁻²³ is left of the loss. Its tracker has the same of float64.',
    links: ['https://github.com/pytorch/pytorch/issues/195529'],
  },
  'pytorch-cce-nothing': {
    class: 'convention',
    library: pytorch,
    title: 'Of a prediction of 0 that no target asks for the gradient is NaN',
    reason:
      'The adapter has −Σ t·log p as `xlogy`, whose value is 0 where t is. Its derivative is t/p, which is 0/0 there; the catalogue leaves such a class out.',
  },
  'pytorch-hinge-shares': {
    class: 'accuracy',
    library: pytorch,
    title: 'The gradient of the multi-class margin adds up shares of 1/C',
    reason:
      'PyTorch divides that loss by the number of classes C, and adds 1/C, rounded, for each class that comes too near. The adapter multiplies by C, which makes no whole number of that sum again where C is no power of two: of 10 classes, nine of them too near, −27 is −27.000004.',
    links: ['https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html'],
  },
  'pytorch-elu': {
    class: 'accuracy',
    library: pytorch,
    title: 'ELU subtracts 1 from e^x',
    reason: 'Near 0 the difference cancels. Later versions take `expm1`.',
    links: ['https://github.com/pytorch/pytorch/pull/77062', 'https://github.com/pytorch/pytorch/pull/173968'],
  },
  'pytorch-elu-kink': {
    class: 'convention',
    library: pytorch,
    title: 'ELU’s slope at 0 is that below it, alpha',
    reason: 'The adapter declares it.',
  },
}
