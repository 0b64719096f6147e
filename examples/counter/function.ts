// Counts visits per page. Two visits at the same moment are both counted: `update` reads the number with its ETag,
// writes only if no other writer came in between, and otherwise starts over with the newer number.
import { state } from "@daplet/sdk";

const counts = state();

export async function GET(request: Request) {
  return answer(request, (await counts.get<number>(pageOf(request))) ?? 0);
}

export async function POST(request: Request) {
  return answer(request, await counts.update<number>(pageOf(request), (count) => (count ?? 0) + 1, { retries: 100 }));
}

export async function DELETE(request: Request) {
  await counts.delete(pageOf(request));
}

function answer(request: Request, count: number) {
  return { page: pageOf(request), count };
}

/** The last part of the path is the key: `/counter/start` counts apart from `/counter/other`. */
function pageOf(request: Request): string {
  const { pathname } = new URL(request.url);
  return pathname.slice(pathname.lastIndexOf("/"));
}
