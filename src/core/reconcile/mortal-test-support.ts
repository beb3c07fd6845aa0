/** For tests: a function that is killed before or after its n-th effect. From then on nothing that it calls is answered. */
export type Moment = 'before' | 'after';

export class Mortal {
  /** The effects so far, by name, in order. */
  readonly effects: string[] = [];
  private death: { readonly at: number; readonly moment: Moment } | undefined;
  private isDead = false;

  dieAt(at: number, moment: Moment): void {
    this.effects.length = 0;
    this.death = { at, moment };
  }

  revive(): void {
    this.death = undefined;
    this.isDead = false;
    this.effects.length = 0;
  }

  /** The same port, of which these methods have an effect. */
  over<Port extends object>(port: Port, effects: readonly (keyof Port & string)[]): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const isEffect = (effects as readonly unknown[]).includes(name);
        return (...args: unknown[]) => this.run(isEffect ? String(name) : undefined, () => member.apply(target, args));
      },
    });
  }

  private async run(effect: string | undefined, call: () => unknown): Promise<unknown> {
    this.live();
    if (effect === undefined) return call();
    this.effects.push(effect);
    const dies = this.death?.at === this.effects.length ? this.death.moment : undefined;
    if (dies === 'before') this.isDead = true;
    this.live();
    const result = await call();
    if (dies === 'after') this.isDead = true;
    this.live();
    return result;
  }

  private live(): void {
    if (this.isDead) throw new Error('killed');
  }
}
