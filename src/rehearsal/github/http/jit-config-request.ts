import * as v from 'valibot';

const text = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));

/** The body of a request for a JIT config, as GitHub wants it. */
export const JitConfigRequest = v.object({
  name: text(256),
  runner_group_id: v.pipe(v.number(), v.integer()),
  labels: v.pipe(v.array(text(256)), v.minLength(1), v.maxLength(100)),
  work_folder: v.optional(text(1024)),
});
