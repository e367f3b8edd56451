// Says which backend the environment has chosen, or fails if the machine lacks it.
import { native } from '#lethe/engine/native';

console.log(native().device());
