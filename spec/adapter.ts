import type { task, taskEither } from 'fp-ts'
import type { Backend } from './backend.js'
import type { Direction, OpName } from './catalogue.js'
import type { EtalonError } from './error.js'

/** What a backend is opened with; each takes of it what it needs. */
export interface BackendOptions {
  /** opens the WebGPU implementation of the machine, with the adapter that was asked for; for backends that run on it */
  readonly gpu?: taskEither.TaskEither<EtalonError, OpenedGpu>
  /** the installed version of a package, for libraries that do not say their own; undefined where it is not known */
  readonly versionOf?: (name: string) => string | undefined
  /** where a browser finds a file of an installed package, for libraries that load more of themselves when they start */
  readonly addressOf?: (name: string, path: string) => string
}

/** A WebGPU implementation as `navigator.gpu` has it, and what it is; closed, it lets the process end. */
export interface OpenedGpu {
  readonly gpu: GPU
  /** what a browser has beside it as globals: GPUBufferUsage, GPUBuffer and so on */
  readonly globals: Readonly<Record<string, unknown>>
  readonly fingerprint: Backend['fingerprint']
  readonly close: task.Task<void>
}

/** What the file of a backend exports as its default: a backend, a promise of one, or a function that makes one. */
export type BackendSource = Backend | Promise<Backend> | ((options: BackendOptions) => Backend | Promise<Backend>)

/** A library that is held by its name, where it is installed. */
export interface Adapter {
  readonly name: string
  /** what it holds, in a few words */
  readonly about: string
  /** the packages that it needs, by name and range; they come with none of ours */
  readonly packages: Readonly<Record<string, string>>
  /** the command that installs them */
  readonly install: string
  /** what was found of a library that comes as no package, such as its version; undefined if it is not there */
  readonly found?: task.Task<string | undefined>
  /** what an open one answers, known without opening it */
  readonly supports: (op: OpName, direction: Direction) => boolean
  /**
   * Opens the library, or opens it anew.
   *
   * Errors  BackendUnavailable – a package is missing (the message says how to install it), or the machine has not what it needs
   */
  readonly open: (options: BackendOptions) => taskEither.TaskEither<EtalonError, Backend>
  /**
   * Opens the library as it is used for work that goes on and on, for whoever times it: its sessions keep values where the
   * library computes, run whole programs in its own best usual way – compiled, where it compiles, and differentiated by
   * itself –, and bring nothing back but what is watched. Absent, it cannot be timed.
   *
   * Errors  BackendUnavailable – as `open`'s; of its sessions Unsupported – a program that it has no words for
   */
  readonly resident?: (options: BackendOptions) => taskEither.TaskEither<EtalonError, Backend>
}
