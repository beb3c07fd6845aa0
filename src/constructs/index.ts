export * from './launcher';
export * from './pool-choices';
export { type OwnImageOptions, PoolImage } from './pool-image';
export * from './pool-options';
export * from './runner-cache';
export * from './runner-fleet';
export * from './runner-network';
export * from './runner-pool';
export * from './webhook';
