import { state } from "@daplet/sdk";
export default async (request) => {
  const most = Number(new URL(request.url).searchParams.get("n"));
  for (let i = 0; i < most; i++) await state().get("k");
  return "done";
};
