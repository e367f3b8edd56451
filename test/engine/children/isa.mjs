// Says which backend the environment has chosen, or fails if the machine lacks it.
import { device } from '#lethe/engine/native';

console.log(device());
