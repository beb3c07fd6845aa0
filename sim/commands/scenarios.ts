/** `--scenarios` and `--scenario NAME`. */
import { BadUsage } from '../options.ts';
import { findScenario, SCENARIOS } from '../scenarios/all.ts';
import { runScenario } from '../scenarios/scenario.ts';
import { lineOf } from '../trace.ts';

export async function tellScenarios(): Promise<number> {
  let failed = 0;
  for (const scenario of SCENARIOS) {
    const wrong = await runScenario(scenario);
    if (wrong.length > 0) failed += 1;
    console.log(`${wrong.length > 0 ? 'FAILS' : 'ok   '}  ${scenario.name.padEnd(30)} ${scenario.from}`);
    for (const line of wrong) console.log(`         ${line.split('\n')[0]}`);
  }
  console.log(`${SCENARIOS.length - failed} of ${SCENARIOS.length} scenarios hold`);
  return failed > 0 ? 1 : 0;
}

export async function tellScenario(name: string): Promise<number> {
  const scenario = findScenario(name);
  if (!scenario) throw new BadUsage(`no scenario is named "${name}"`);
  const wrong = await runScenario(scenario, undefined, (happening) => {
    const line = lineOf(happening);
    if (line !== undefined) console.log(line);
  });
  for (const line of wrong) console.log(`FAILS: ${line}`);
  return wrong.length > 0 ? 1 : 0;
}
