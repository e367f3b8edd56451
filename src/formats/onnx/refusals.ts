/** Why the engine does not compute an operator, and what to do, for groups of them. */
const REASONS: readonly (readonly [operators: readonly string[], reason: string])[] = [
  [
    [
      ...['Tanh', 'Elu', 'Celu', 'Selu', 'Gelu', 'Mish', 'Softplus', 'Softsign', 'Erf', 'Swish'],
      ...['HardSigmoid', 'HardSwish', 'Sin', 'Pow', 'Abs', 'Exp', 'com.microsoft.Gelu'],
    ],
    'is an activation that the engine does not have: train the model with ReLU',
  ],
  [
    ['If', 'Loop', 'Scan'],
    'decides while the model runs what is computed: export the model with that decision taken',
  ],
  [
    [
      ...['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'MatMulInteger'],
      ...['QLinearMatMul', 'ConvInteger', 'QLinearConv'],
    ],
    'is of a quantized model: export the one in float32 that it was made of',
  ],
  [
    [
      ...['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'LpNormalization'],
      ...['RMSNormalization', 'MeanVarianceNormalization', 'ai.onnx.ml.Normalizer'],
    ],
    'scales each row by its own values: the engine has no such layer, only BatchNormalization can ' +
      'be made a part of a linear one',
  ],
  [
    ['Slice', 'Gather', 'GatherElements', 'Split', 'Concat', 'ai.onnx.ml.ArrayFeatureExtractor'],
    'takes the features apart or puts them together: give the columns in that order as rows',
  ],
  [
    [
      ...['ai.onnx.ml.Imputer', 'ai.onnx.ml.OneHotEncoder', 'ai.onnx.ml.LabelEncoder'],
      ...['ai.onnx.ml.CategoryMapper', 'ai.onnx.ml.DictVectorizer', 'IsNaN'],
    ],
    'prepares the features: export the network alone, and give the model what the pipeline has fitted ' +
      'by model.withFacts({inputMap: {columns: [...]}})',
  ],
  [
    ['ai.onnx.ml.TreeEnsembleClassifier', 'ai.onnx.ml.SVMClassifier', 'ai.onnx.ml.TreeEnsemble'],
    'is no neural network: the engine cannot train it',
  ],
];

const BY_OPERATOR: ReadonlyMap<string, string> = new Map(
  REASONS.flatMap(([operators, reason]) => operators.map((operator) => [operator, reason])),
);

/** Why an operator cannot be imported, as the end of a sentence that names it. */
export function reasonAgainst(operator: string): string {
  return (
    BY_OPERATOR.get(operator) ??
    'cannot be part of an imported multilayer perceptron: the engine computes linear layers with ' +
      'ReLU between them, and what amounts to these'
  );
}
