/** `npm run gen`: writes `gen/` from `proto/`. */
import { generate } from "./checks/generated.ts";

const { code, output } = await generate();
if (output) console.error(output);
process.exitCode = code ?? 1;
