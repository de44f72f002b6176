/** `npm run gen`: writes `gen/` from `proto/`. */
import { generate } from "./checks/generated.ts";

const { code, stdout, stderr } = await generate();
process.stderr.write(stdout + stderr);
process.exitCode = code ?? 1;
