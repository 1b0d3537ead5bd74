/**
 * The formulas of the reference as trees: the small part of JavaScript that an op is written in, expressions over names.
 * Plain JSON, so that a package can carry them.
 */

/** The operators between two expressions. */
export const operators = ['+', '-', '*', '/', '%', '**', '<', '<=', '>', '>=', '===', '!==', '&&', '||'] as const
export type Operator = (typeof operators)[number]

export type Tree =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'constant'; readonly value: boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Tree }
  | { readonly kind: 'choice'; readonly test: Tree; readonly yes: Tree; readonly no: Tree }
  | { readonly kind: 'call'; readonly callee: Tree; readonly args: readonly Tree[] }
  | { readonly kind: 'member'; readonly object: Tree; readonly name: string }
  | { readonly kind: 'element'; readonly object: Tree; readonly index: Tree }
  | { readonly kind: 'function'; readonly params: readonly Pattern[]; readonly body: readonly Statement[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | { readonly kind: 'template'; readonly texts: readonly string[]; readonly values: readonly Tree[] }

export type FunctionTree = Extract<Tree, { readonly kind: 'function' }>

/** An element of a list, or the elements of another. */
export interface Item {
  readonly spread: boolean
  readonly value: Tree
}

/** A member of an object; without a key, the members of another. */
export interface Member {
  readonly key?: Tree
  readonly value: Tree
}

/** What a value is taken apart into. */
export type Pattern =
  | { readonly kind: 'name'; readonly name: string; readonly otherwise?: Tree }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'members'
      readonly members: readonly { readonly key: string; readonly target: Pattern; readonly otherwise?: Tree }[]
      readonly rest?: string
    }
  | { readonly kind: 'items'; readonly items: readonly Pattern[]; readonly rest?: Pattern }

export type Statement =
  | { readonly kind: 'let'; readonly pattern: Pattern; readonly value: Tree }
  | { readonly kind: 'return'; readonly value: Tree }

/** A name that a file takes from another: from a file of this project, such as `reference/losses/weighted`, or a package. */
export interface Import {
  readonly name: string
  /** absent: the whole module */
  readonly imported?: string
  readonly from: string
}

/** A name that a file gives a value, and the comment above it. */
export interface Declaration {
  readonly name: string
  readonly comment: string
  readonly value: Tree
}

export interface Module {
  readonly imports: readonly Import[]
  readonly declarations: readonly Declaration[]
}

/** Modules by their path from the project's root, without what follows the dot. */
export type Modules = Readonly<Record<string, Module>>
