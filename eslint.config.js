import functional from 'eslint-plugin-functional'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

// The rooms, and the rooms that each may import from besides itself. Agreement between the interpreters means something
// because they share only the contract; training, conformance and bench meet backends through the interface in spec; cli
// puts the pieces together.
const rooms = {
  spec: [],
  reference: ['spec'],
  accelerated: ['spec'],
  adapters: ['spec', 'formats'],
  formats: ['spec'],
  training: ['spec', 'formats'],
  conformance: ['spec', 'formats', 'training'],
  bench: ['spec', 'training'],
  docs: ['spec', 'reference', 'formats', 'training', 'conformance'],
  cli: ['spec', 'reference', 'accelerated', 'adapters', 'formats', 'training', 'conformance', 'bench', 'docs'],
}

const everyRoom = Object.keys(rooms)
const tests = ['**/*.test.ts', '**/testing/**']
const shipped = ['spec', 'reference', 'accelerated', 'adapters', 'formats', 'training', 'conformance', 'cli']
  .map((room) => `${room}/**/*.ts`)
  .concat('docs/lessons/**/*.ts')

// what a room imports may lie in no room but its own and those it may import from
const zonesOf = (rooms) =>
  everyRoom.flatMap((room) =>
    everyRoom
      .filter((other) => other !== room && !rooms[room].includes(other))
      .map((other) => ({
        target: `./${room}`,
        from: `./${other}`,
        message: `${room} imports from ${['itself', ...rooms[room]].join(', ')} only.`,
      })),
  )
const imports = (rooms) => ['error', { basePath: import.meta.dirname, zones: zonesOf(rooms) }]

const throughUnknown = {
  selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
  message: 'A cast through unknown switches the compiler off: parse the value, or give the table a type that fits.',
}

// what `functional/immutable-data` lets pass: it knows arrays and maps, not typed arrays
const typedArrayWrites = {
  selector: 'CallExpression[callee.property.name=/^(fill|set|copyWithin)$/]',
  message: 'Writes in place: use a maker from spec/tensor.ts or reference/arithmetic.ts.',
}

// Node's own loader does not resolve fp-ts/Either; the package's own name would be a way around the rooms
const restrictedImports = [
  { regex: '^(fp-ts|io-ts)/', message: "Import from the package itself: import { either as E } from 'fp-ts'." },
  { regex: '^etalon(/|$)', message: 'Import the file itself.' },
]

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  // everywhere
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      'import-x/no-self-import': 'error',
      'import-x/no-restricted-paths': imports(rooms),
      'import-x/no-default-export': 'error',
      'no-restricted-imports': ['error', { patterns: restrictedImports }],
      'no-restricted-syntax': ['error', throughUnknown],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-param-reassign': 'error',
      eqeqeq: 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // messages are built before `ensure` looks at them, so a name in one may still be undefined
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Where the rule and the house differ. `fail<A>` takes the type that the caller is after, and `fail<void>` is one;
      // codecs spell out all three of io-ts's types; interfaces declare functions as methods, so that an op of exact types
      // fits where any op is wanted, and nothing here has a `this`; `Record<never, never>` means no sizes, no gradients;
      // an async function without await still turns a throw into a rejection.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
    },
  },

  // what ships needs nothing that only development installs
  {
    files: shipped,
    ignores: [...tests, 'cli/bundle/**'],
    rules: { 'import-x/no-extraneous-dependencies': ['error', { devDependencies: false, includeTypes: false }] },
  },

  // values in, values out: the contract, the oracle, learning, and the suite but for its tests ask nothing of the machine
  {
    files: ['spec', 'reference', 'formats', 'training', 'conformance'].map((room) => `${room}/**/*.ts`),
    ignores: tests,
    rules: {
      'import-x/no-nodejs-modules': 'error',
      'no-restricted-globals': [
        'error',
        ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
          name,
          message: 'No clock here: the answer may depend on the arguments alone.',
        })),
        ...['process', 'Buffer', 'globalThis', 'global', 'console', 'fetch', 'crypto', 'navigator'].map((name) => ({
          name,
          message: 'Nothing of the machine here: hand it in, or do it in cli.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Draw from spec/philox.ts, by seed.' },
      ],
    },
  },

  // immutability, in the contract, the oracle and learning
  {
    files: ['spec', 'reference', 'formats', 'training'].map((room) => `${room}/**/*.ts`),
    ignores: tests,
    plugins: { functional },
    rules: {
      'no-restricted-syntax': ['error', throughUnknown, typedArrayWrites],
      'functional/no-let': 'error',
      'functional/no-loop-statements': 'error',
      'functional/immutable-data': 'error',
      'functional/no-classes': 'error',
      'functional/no-this-expressions': 'error',
      'functional/no-try-statements': 'error',
      'functional/readonly-type': ['error', 'keyword'],
      // what a signature says, not what the compiler works out between: an unnamed `map` result is nobody's to write to,
      // and `immutable-data` sees that nobody does
      'functional/prefer-immutable-types': [
        'error',
        {
          enforcement: 'None',
          parameters: { enforcement: 'ReadonlyShallow', ignoreInferredTypes: true },
          returnTypes: { enforcement: 'ReadonlyShallow', ignoreInferredTypes: true },
        },
      ],
      'functional/type-declaration-immutability': [
        'error',
        { rules: [{ identifiers: '.+', immutability: 'ReadonlyShallow', comparator: 'AtLeast' }] },
      ],
    },
  },

  // The deliberate exceptions: where the loops and the writes of these rooms live, so that they need be nowhere else.
  {
    files: [
      'reference/arithmetic.ts', // the loops of the reference, over a typed array that nobody else sees yet
      'spec/tensor.ts', // likewise: the makers of tensors
      'spec/balls.ts', // and of tensors of bounds
      'spec/spreads.ts', // and of vectors of them
      'spec/matrix.ts', // and products of matrices
      'spec/field.ts', // and what was read of a field so far, which only saves working it out again
      'spec/scan.ts', // a list of steps that nobody else sees yet
      'spec/philox.ts', // a generator's rounds, and `draws`, which remembers how many came before
      'spec/second/written.ts', // the nodes of a formula and where each call of it stands, likewise
      'spec/foldNodes.ts', // the names of a program and what they stand for: a map that nobody else sees yet
      'spec/backend.ts', // `sessionOf`: which state the next step starts from
      'training/fit.ts', // which state a session has come to
      'training/agents/run.ts', // likewise, of an agent, and which steps were taken since its last update
      'training/dataset.ts', // a shuffle, numbers of images: filled in place, then only read
      'training/digits.ts', // ink on a canvas, likewise
      'formats/**/*.ts', // bytes of a file, and a program that is made of one, likewise
    ],
    rules: {
      'no-restricted-syntax': ['error', throughUnknown],
      'functional/no-let': 'off',
      'functional/no-loop-statements': 'off',
      'functional/immutable-data': 'off',
    },
  },

  // `zipTensors` maps a tuple element by element, which no type in TypeScript follows
  { files: ['spec/tensor.ts'], rules: { 'no-restricted-syntax': 'off' } },

  // Tests plant faults and hand over what no type allows; those of conformance and cli may meet every room, those of
  // accelerated the training steps that it is made for.
  {
    files: tests,
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['conformance/**/*.test.ts', 'conformance/**/testing/**', 'cli/**/*.test.ts', 'cli/**/testing/**'],
    rules: { 'import-x/no-restricted-paths': 'off' },
  },
  {
    files: ['accelerated/**/*.test.ts', 'accelerated/**/testing/**'],
    rules: { 'import-x/no-restricted-paths': imports({ ...rooms, accelerated: ['spec', 'training'] }) },
  },

  // tools ask for a default export
  { files: ['*.config.ts'], rules: { 'import-x/no-default-export': 'off' } },
)
