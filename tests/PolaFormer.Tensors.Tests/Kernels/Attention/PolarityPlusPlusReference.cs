namespace PolaFormer.Tensors.Tests.Kernels.Attention;

/// <summary>The attention of PolaFormer++ composed from plain loops in double precision, one (image, head) pair at a time.</summary>
internal sealed class PolarityPlusPlusReference(int batch, int heads, int headDim, int tokens)
{
    private readonly int _channels = heads * headDim, _width = 2 * headDim, _half = (headDim + 1) / 2;

    public double[] Q = [], K = [], V = [], Same = [], Opposite = [], Sin = [], Cos = [];
    public double[] DQ = [], DK = [], DV = [], DSame = [], DOpposite = [];

    public double[] Forward()
    {
        double[] output = new double[batch * tokens * _channels];
        ForEachPair((image, head) =>
        {
            double[,] keys = Features(K, null, false, image, head);
            (double[,] state, double[] mean) = State(keys, image, head);
            for (int opposite = 0; opposite < 2; opposite++)
            {
                double[,] features = Features(Q, opposite == 1 ? Opposite : Same, opposite == 1, image, head);
                double[,] rotated = Rotate(features, back: false);
                for (int t = 0; t < tokens; t++)
                    for (int j = opposite * _half; j < (opposite == 0 ? _half : headDim); j++)
                    {
                        (double numerator, double denominator) = (0.0, 1e-6);
                        for (int i = 0; i < _width; i++)
                        {
                            numerator += rotated[t, i] * state[i, j];
                            denominator += features[t, i] * mean[i];
                        }
                        output[At(image, t, head) + j] = numerator / denominator;
                    }
            }
        });
        return output;
    }

    public void Backward(double[] dOutput)
    {
        (DQ, DK, DV) = (new double[Q.Length], new double[K.Length], new double[V.Length]);
        (DSame, DOpposite) = (new double[Same.Length], new double[Opposite.Length]);
        ForEachPair((image, head) =>
        {
            double[,] keys = Features(K, null, false, image, head);
            (double[,] state, double[] mean) = State(keys, image, head);
            (double[,] dState, double[] dMean) = (new double[_width, headDim], new double[_width]);
            for (int opposite = 0; opposite < 2; opposite++)
            {
                double[,] features = Features(Q, opposite == 1 ? Opposite : Same, opposite == 1, image, head);
                double[,] rotated = Rotate(features, back: false);
                (double[,] dFeatures, double[,] dRotated) = (new double[tokens, _width], new double[tokens, _width]);
                for (int t = 0; t < tokens; t++)
                {
                    (double denominator, double dDenominator) = (1e-6, 0.0);
                    for (int i = 0; i < _width; i++)
                        denominator += features[t, i] * mean[i];
                    for (int j = opposite * _half; j < (opposite == 0 ? _half : headDim); j++)
                        for (int i = 0; i < _width; i++)
                        {
                            double g = dOutput[At(image, t, head) + j];
                            dDenominator -= g * rotated[t, i] * state[i, j] / (denominator * denominator);
                            dRotated[t, i] += g * state[i, j] / denominator;
                            dState[i, j] += g * rotated[t, i] / denominator;
                        }
                    for (int i = 0; i < _width; i++)
                    {
                        dFeatures[t, i] += dDenominator * mean[i];
                        dMean[i] += dDenominator * features[t, i];
                    }
                }
                Add(dFeatures, Rotate(dRotated, back: true));
                BackwardFeatures(
                    Q, opposite == 1 ? Opposite : Same, opposite == 1, DQ, opposite == 1 ? DOpposite : DSame, dFeatures, image, head);
            }

            (double[,] rotatedKeys, double[,] dRotatedKeys, double[,] dKeys) = (Rotate(keys, back: false), new double[tokens, _width], new double[tokens, _width]);
            for (int t = 0; t < tokens; t++)
                for (int i = 0; i < _width; i++)
                {
                    dKeys[t, i] = dMean[i] / tokens;
                    for (int j = 0; j < headDim; j++)
                    {
                        dRotatedKeys[t, i] += V[At(image, t, head) + j] * dState[i, j] / tokens;
                        DV[At(image, t, head) + j] += rotatedKeys[t, i] * dState[i, j] / tokens;
                    }
                }
            Add(dKeys, Rotate(dRotatedKeys, back: true));
            BackwardFeatures(K, null, false, DK, null, dKeys, image, head);
        });
    }

    private int At(int image, int token, int head) => (((image * tokens) + token) * _channels) + (head * headDim);

    private void ForEachPair(Action<int, int> action)
    {
        for (int image = 0; image < batch; image++)
            for (int head = 0; head < heads; head++)
                action(image, head);
    }

    private static void Add(double[,] sum, double[,] addend)
    {
        for (int t = 0; t < sum.GetLength(0); t++)
            for (int i = 0; i < sum.GetLength(1); i++)
                sum[t, i] += addend[t, i];
    }

    /// <summary>max(±x, 0): the front half takes +x unless the features are the opposite ones.</summary>
    private double Part(double x, int i, bool opposite) => Math.Max(i < headDim != opposite ? x : -x, 0);

    private double[,] Features(double[] x, double[]? temperature, bool opposite, int image, int head)
    {
        double[,] features = new double[tokens, _width];
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < _width; i++)
                features[t, i] = Math.Exp(Part(x[At(image, t, head) + (i % headDim)], i, opposite) * (temperature?[(head * _width) + i] ?? 1)) - 1;
        return features;
    }

    private void BackwardFeatures(
        double[] x, double[]? temperature, bool opposite, double[] dX, double[]? dTemperature, double[,] dFeatures, int image, int head)
    {
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < _width; i++)
            {
                int at = At(image, t, head) + (i % headDim);
                (double part, double factor) = (Part(x[at], i, opposite), temperature?[(head * _width) + i] ?? 1);
                if (part == 0)
                    continue;
                double dExponent = dFeatures[t, i] * Math.Exp(part * factor);
                dX[at] += dExponent * factor * Math.Sign(x[at]);
                if (dTemperature is not null)
                    dTemperature[(head * _width) + i] += dExponent * part;
            }
    }

    private double[,] Rotate(double[,] x, bool back)
    {
        double[,] y = new double[tokens, _width];
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < _width; i += 2)
            {
                (double a, double b, int even, int odd) = (x[t, i], x[t, i + 1], (t * _width) + i, (t * _width) + i + 1);
                y[t, i] = (a * Cos[even]) + (back ? b * Sin[odd] : -b * Sin[even]);
                y[t, i + 1] = (b * Cos[odd]) + (back ? -a * Sin[even] : a * Sin[odd]);
            }
        return y;
    }

    private (double[,] State, double[] Mean) State(double[,] keys, int image, int head)
    {
        (double[,] state, double[] mean, double[,] rotated) = (new double[_width, headDim], new double[_width], Rotate(keys, back: false));
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < _width; i++)
            {
                mean[i] += keys[t, i] / tokens;
                for (int j = 0; j < headDim; j++)
                    state[i, j] += rotated[t, i] * V[At(image, t, head) + j] / tokens;
            }
        return (state, mean);
    }
}
