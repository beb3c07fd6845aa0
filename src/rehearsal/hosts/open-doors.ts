/**
 * Sockets of this process that listen in another network namespace. A socket stays in the namespace where it was made:
 * a child makes it there, hands it over and ends. So nothing of ours listens on an address that others can reach.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { connect, type Server, type Socket } from 'node:net';

/** An address that is open inside a machine, and what meets who connects to it. */
export interface Door {
  readonly address: string;
  readonly port: number;
  readonly meet: (socket: Socket) => void;
}

/** Opens on a port of this machine's 127.0.0.1. */
export const doorTo = (address: string, port: number, targetPort = port): Door => ({
  address,
  port,
  meet(socket) {
    const target = connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  },
});

/** Answered by an HTTP listener. */
export function httpDoor(address: string, port: number, listener: RequestListener): Door {
  const server = createServer(listener);
  return { address, port, meet: (socket) => void server.emit('connection', socket) };
}

/** Runs in the child: listens on each address and sends the sockets to its parent. */
const LISTEN = `
for (const [n, { address, port }] of JSON.parse(process.argv[1]).entries()) {
  const server = require('node:net').createServer();
  server.on('error', (error) => process.send({ error: error.message }));
  server.listen(port, address, () => process.send({ n }, server));
}`;

const OPEN_MS = 20_000;

/** `pid`: of a process in the namespace. Resolves when all doors are open; returns how to shut them. */
export async function openDoors(pid: number, doors: readonly Door[]): Promise<() => void> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const shut = () => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  };
  const addresses = JSON.stringify(doors.map(({ address, port }) => ({ address, port })));
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', LISTEN, addresses], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { PATH: process.env.PATH },
    timeout: OPEN_MS,
  });
  try {
    await receive(child, doors, (server, door) => {
      servers.push(server);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        door.meet(socket);
      });
    });
    return shut;
  } catch (error) {
    shut();
    throw error;
  } finally {
    child.kill('SIGKILL');
  }
}

function receive(child: ChildProcess, doors: readonly Door[], take: (server: Server, door: Door) => void) {
  return new Promise<void>((resolve, reject) => {
    let missing = doors.length;
    child.on('message', (message, server) => {
      const { n, error } = message as { n: number; error?: string };
      if (error !== undefined) return reject(new Error(`a door does not open: ${error}`));
      take(server as Server, doors[n] as Door);
      if (--missing === 0) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the doors did not open')));
  });
}
