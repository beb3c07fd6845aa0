/** What the boot scripts of all operating systems are rendered from. */
import type { JobPolicy } from './linux/job-hook';

export interface BootInput {
  /** Unique id of the instance role: an instance's mailbox key is `<roleId>:<instance id>`. */
  readonly roleId: string;
  readonly mailboxTable: string;
  /** Where the runner packages lie. No dots: they break TLS. */
  readonly bucket: string;
  /** From the first line to "Listening for Jobs"; then the instance powers off. */
  readonly bootDeadlineMs: number;
  /** From the first line to poweroff, whatever runs. Longer than the boot deadline. */
  readonly lifetimeMs: number;
  /** From "Listening for Jobs": when no job came within this time, the instance asks for its end. */
  readonly idleTimeoutMs: number;
  /** Then, when nobody ended it and still no job came, it powers off after this. Default 5 minutes. */
  readonly idleGraceMs?: number;
  /** Instead of AWS's own, which the instance finds by its region. Addresses without a slash at the end. */
  readonly endpoints?: BootEndpoints;
  /** Which jobs fail before their first step. Default: none. */
  readonly policy?: JobPolicy;
  /** Scripts on the image that the runner runs before the first and after the last step of a job. Absolute paths. */
  readonly hooks?: { readonly jobStarted?: string; readonly jobCompleted?: string };
  /** For all that the boot script, the runner and jobs fetch, but for the metadata. Default: none. */
  readonly proxy?: ProxyAddresses;
  /** PEM: certificates that are trusted besides the image's own, for instance that of a proxy. Default: none. */
  readonly caCertificates?: string;
  readonly pauses?: BootPauses;
}

export interface BootEndpoints {
  readonly metadata: string;
  readonly dynamodb: string;
  /** With the bucket: objects are at `<s3>/<key>`. */
  readonly s3: string;
}

export interface ProxyAddresses {
  /** `http://host:port`, without a password: every job can read it. */
  readonly http?: string;
  readonly https?: string;
  /** Hosts and domains that are asked directly, as in `no_proxy`. The metadata always are. */
  readonly direct?: readonly string[];
}

export interface BootPauses {
  /** Between two looks into the mailbox, and two tries of a download. Default 1 s. */
  readonly pollMs: number;
  /** Before the listener is launched again after its exit status 2. Default 5 s. */
  readonly relaunchMs: number;
  /** At most, for the listener's update of itself (status 3 and 4). Default 30 s. */
  readonly updateMs: number;
}
