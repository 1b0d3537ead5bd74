import { either as E, function as F } from 'fp-ts'
import { ensure, etalonError, fail, show, type EtalonError, type Result } from '../../spec/error.js'

/** auto: the best there is; gpu: a hardware GPU or nothing; software: the embedded adapter, the same everywhere. */
export type DeviceChoice = 'auto' | 'gpu' | 'software'

/**
 * Whether work runs on a real GPU, on the system's software adapter, or on the one that comes with Etalon; `software` is an
 * adapter of a browser's, or of a GPU that the caller brought along.
 */
export type DeviceKind = 'hardware' | 'system-software' | 'embedded-software' | 'software'

/** What a result depends on besides the program, flat, to be printed and compared. Sizes in bytes. */
export type Fingerprint = Readonly<Record<string, string | number | boolean>>

/** What an adapter says about itself. */
export type AdapterFacts = {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  readonly isFallbackAdapter: boolean
  /** 0 where the adapter does not say; the same for the largest. */
  readonly subgroupMinSize: number
  readonly subgroupMaxSize: number
}

export type Limits = Readonly<Record<string, number>>

/** What asking the system for an adapter gave. */
export type SystemFinding =
  { readonly found: 'adapter'; readonly facts: AdapterFacts } | { readonly found: 'nothing'; readonly reason: string }

/** Where this process runs, in Node's names, e.g. linux and x64. */
export type Platform = { readonly os: string; readonly cpu: string }

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i

/** Dawn marks processors (Vulkan's CPU device type, WARP) as fallback adapters; the names catch a driver that forgets. */
export const isSoftware = (facts: AdapterFacts): boolean =>
  facts.isFallbackAdapter || softwareNames.test(`${facts.architecture} ${facts.device} ${facts.description}`)

export const describeAdapter = ({ vendor, architecture, description }: AdapterFacts): string => {
  const name = [vendor, architecture].filter((part) => part !== '').join(' ')
  return (
    [name, description === '' ? '' : `(${description})`].filter((part) => part !== '').join(' ') || 'an unnamed adapter'
  )
}

/** Whether the embedded software adapter can run here. Errors: BackendUnavailable. */
export const embeddedRunsOn = ({ os, cpu }: Platform): Result<void> =>
  ensure(
    os === 'linux' && cpu === 'x64',
    'BackendUnavailable',
    `the embedded software adapter needs Linux on x86-64 (linux-x64); this is ${os}-${cpu}`,
  )

/**
 * Whether the adapter is the embedded one. Where the unpacked library is damaged, Dawn goes on to the system's Vulkan and
 * another adapter answers. Errors: BackendUnavailable.
 */
export const embeddedAnswered = (facts: AdapterFacts): Result<void> =>
  ensure(
    facts.architecture === 'swiftshader',
    'BackendUnavailable',
    `wanted SwiftShader; ${describeAdapter(facts)} answered`,
  )

const advice = (os: string): string =>
  os === 'linux'
    ? 'install the Vulkan driver of your GPU and the Vulkan loader (Debian and Ubuntu: libvulkan1 and, for Intel and AMD, mesa-vulkan-drivers), '
    : 'update the driver of your GPU, '

const offered = (system: SystemFinding): string =>
  system.found === 'nothing'
    ? `found none: ${system.reason}`
    : `found only ${describeAdapter(system.facts)}, which is software`

/** What there is to say where the system has no adapter and the embedded one cannot answer either. */
export const neither =
  (system: SystemFinding) =>
  ({ code, message }: EtalonError): EtalonError =>
    etalonError(code, `wanted a WebGPU adapter; ${offered(system)}; and ${message}`)

/** Which adapter answers a choice, given what the system offered. Errors: BackendUnavailable. */
export const chooseAdapter = (
  choice: Exclude<DeviceChoice, 'software'>,
  system: SystemFinding,
  platform: Platform,
): Result<DeviceKind> =>
  system.found === 'adapter' && !isSoftware(system.facts)
    ? E.right('hardware')
    : choice === 'gpu'
      ? fail(
          'BackendUnavailable',
          `wanted a hardware GPU; ${offered(system)}; ${advice(platform.os)}or choose 'auto' or 'software'`,
        )
      : system.found === 'adapter'
        ? E.right('system-software')
        : F.pipe(
            embeddedRunsOn(platform),
            E.bimap(neither(system), () => 'embedded-software' as const),
          )

/** For these limits smaller is better; for all others larger is. */
const isAlignment = (name: string): boolean => name.endsWith('Alignment')

/**
 * The limits to ask of an adapter: all it has, with the wanted ones in their place.
 *
 * Units   bytes or counts, as WebGPU has them; a wanted limit below WebGPU's default is granted as the default
 * Errors  AttributeOutOfRange – not a whole number, or no such limit; LimitExceeded – more than the adapter has
 */
export const limitsToRequest = (adapter: Limits, wanted: Limits): Result<Limits> =>
  F.pipe(
    Object.entries(wanted),
    E.traverseArray(([name, value]): Result<void> => {
      const most = adapter[name]
      return most === undefined
        ? fail('AttributeOutOfRange', `limit ${name} wanted; the adapter has no limit of that name`)
        : !Number.isSafeInteger(value) || value < 0
          ? fail('AttributeOutOfRange', `limit ${name} is ${show(value)}; wanted a whole number`)
          : isAlignment(name)
            ? value < most
              ? fail('LimitExceeded', `limit ${name}: wanted ${value}, the adapter goes down to ${most}`)
              : E.right(undefined)
            : value > most
              ? fail('LimitExceeded', `limit ${name}: wanted ${value}, the adapter has ${most}`)
              : E.right(undefined)
    }),
    E.map(() => ({ ...adapter, ...wanted })),
  )

const usefulFeatures = ['subgroups', 'timestamp-query'] as const

/** The features to ask for: those that Etalon has a use for and the adapter offers. */
export const featuresToRequest = (offered: ReadonlySet<string>): readonly (typeof usefulFeatures)[number][] =>
  usefulFeatures.filter((feature) => offered.has(feature))

const fingerprintLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'minStorageBufferOffsetAlignment',
  'minUniformBufferOffsetAlignment',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const

/** The flat record of everything about a device that a result may depend on. */
export const fingerprintOf = (is: {
  readonly kind: DeviceKind
  readonly facts: AdapterFacts
  readonly limits: Limits
  readonly features: ReadonlySet<string>
  readonly versions: Readonly<Record<string, string>>
}): Fingerprint => ({
  kind: is.kind,
  vendor: is.facts.vendor,
  architecture: is.facts.architecture,
  device: is.facts.device,
  description: is.facts.description,
  features: [...is.features].sort().join(' '),
  subgroups: is.features.has('subgroups'),
  subgroupMinSize: is.facts.subgroupMinSize,
  subgroupMaxSize: is.facts.subgroupMaxSize,
  ...Object.fromEntries(fingerprintLimits.flatMap((name) => (name in is.limits ? [[name, is.limits[name] ?? 0]] : []))),
  ...is.versions,
})

/**
 * Whether the message of a failed load says that there is no Vulkan loader. Loading it as if it were a Node addon always
 * fails; when the library is there, the complaint is another one (that it is no addon).
 */
export const saysLibraryIsMissing = (message: string): boolean =>
  /^libvulkan\.so\.1: cannot open shared object file: No such file/.test(message)

/**
 * Folders in which the embedded adapter may be kept, best first: the user's cache, then a private one among the
 * temporary files. The XDG rules say to ignore a relative XDG_CACHE_HOME.
 */
export const cacheFolders = (from: {
  readonly xdgCacheHome: string | undefined
  readonly home: string | undefined
  readonly temporary: string
  readonly user: number
}): readonly string[] => [
  ...(from.xdgCacheHome?.startsWith('/') === true
    ? [`${from.xdgCacheHome}/etalon`]
    : from.home?.startsWith('/') === true
      ? [`${from.home}/.cache/etalon`]
      : []),
  `${from.temporary}/etalon-${from.user}`,
]

/** Native code is loaded only from a folder that nobody but this user and root can write to. */
export const isTrustworthy = (
  folder: { readonly owner: number; readonly mode: number; readonly isFolder: boolean },
  user: number,
): boolean => folder.isFolder && (folder.owner === user || folder.owner === 0) && (folder.mode & 0o002) === 0
