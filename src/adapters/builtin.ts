/**
 * A builtin module without an `import`: an ES module's import of a builtin reads every one of its exports, and some of
 * them load much that nobody needs (measured: 18 ms for node:https, 2 ms this way). For what a cold start waits for.
 */
export const builtin: typeof process.getBuiltinModule = (id: string) => process.getBuiltinModule(id as never) as never;
