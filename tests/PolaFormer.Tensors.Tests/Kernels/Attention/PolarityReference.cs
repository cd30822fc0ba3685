namespace PolaFormer.Tensors.Tests.Kernels.Attention;

/// <summary>Polarity-aware attention composed from plain loops in double precision, one (image, head) pair at a time.</summary>
internal sealed class PolarityReference(int batch, int heads, int headDim, int queries, int keys)
{
    private readonly int _channels = heads * headDim, _half = (headDim + 1) / 2;

    public double[] Q = [], K = [], V = [], Position = [], InverseScale = [], Power = [];
    public double[] DQ = [], DK = [], DV = [], DInverseScale = [], DPower = [];

    public double[] Forward()
    {
        double[] output = new double[batch * queries * _channels];
        ForEachPair((image, head) =>
        {
            (double[,] qFeatures, double[,] kFeatures) = (Features(Q, null, image, head, queries), Features(K, Position, image, head, keys));
            (double[,] state, double[] mean) = State(kFeatures, image, head);
            for (int t = 0; t < queries; t++)
                for (int j = 0; j < headDim; j++)
                {
                    (double numerator, double denominator) = (0.0, 1e-6);
                    for (int i = 0; i < 2 * headDim; i++)
                    {
                        double feature = qFeatures[t, j < _half ? i : (i + headDim) % (2 * headDim)];
                        numerator += feature * state[i, j];
                        denominator += feature * mean[i];
                    }
                    output[(((image * queries) + t) * _channels) + (head * headDim) + j] = numerator / denominator;
                }
        });
        return output;
    }

    public void Backward(double[] dOutput)
    {
        (DQ, DK, DV) = (new double[Q.Length], new double[K.Length], new double[V.Length]);
        (DInverseScale, DPower) = (new double[_channels], new double[_channels]);
        int width = 2 * headDim;
        ForEachPair((image, head) =>
        {
            (double[,] qFeatures, double[,] kFeatures) = (Features(Q, null, image, head, queries), Features(K, Position, image, head, keys));
            (double[,] state, double[] mean) = State(kFeatures, image, head);
            (double[,] dState, double[] dMean, double[,] dQFeatures) = (new double[width, headDim], new double[width], new double[queries, width]);
            for (int t = 0; t < queries; t++)
                for (int opposite = 0; opposite < 2; opposite++)
                {
                    int Source(int i) => opposite == 0 ? i : (i + headDim) % width;
                    (int from, int to) = opposite == 0 ? (0, _half) : (_half, headDim);
                    double denominator = 1e-6;
                    for (int i = 0; i < width; i++)
                        denominator += qFeatures[t, Source(i)] * mean[i];
                    double dDenominator = 0.0;
                    for (int j = from; j < to; j++)
                    {
                        double g = dOutput[(((image * queries) + t) * _channels) + (head * headDim) + j];
                        for (int i = 0; i < width; i++)
                        {
                            dDenominator -= g * qFeatures[t, Source(i)] * state[i, j] / (denominator * denominator);
                            dQFeatures[t, Source(i)] += g * state[i, j] / denominator;
                            dState[i, j] += g * qFeatures[t, Source(i)] / denominator;
                        }
                    }
                    for (int i = 0; i < width; i++)
                    {
                        dQFeatures[t, Source(i)] += dDenominator * mean[i];
                        dMean[i] += dDenominator * qFeatures[t, Source(i)];
                    }
                }

            double[,] dKFeatures = new double[keys, width];
            for (int t = 0; t < keys; t++)
                for (int i = 0; i < width; i++)
                {
                    dKFeatures[t, i] = dMean[i] / keys;
                    for (int j = 0; j < headDim; j++)
                    {
                        int at = (((image * keys) + t) * _channels) + (head * headDim) + j;
                        dKFeatures[t, i] += V[at] * dState[i, j] / keys;
                        DV[at] += kFeatures[t, i] * dState[i, j] / keys;
                    }
                }
            BackwardFeatures(Q, null, DQ, dQFeatures, image, head, queries);
            BackwardFeatures(K, Position, DK, dKFeatures, image, head, keys);
        });
    }

    private void ForEachPair(Action<int, int> action)
    {
        for (int image = 0; image < batch; image++)
            for (int head = 0; head < heads; head++)
                action(image, head);
    }

    private double[,] Features(double[] x, double[]? position, int image, int head, int tokens)
    {
        double[,] features = new double[tokens, 2 * headDim];
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < headDim; i++)
            {
                int channel = (head * headDim) + i;
                double value = x[(((image * tokens) + t) * _channels) + channel] + (position is { Length: > 0 } ? position[(t * _channels) + channel] : 0);
                value *= InverseScale[channel];
                features[t, i] = Math.Pow(Math.Max(value, 0), Power[channel]);
                features[t, headDim + i] = Math.Pow(Math.Max(-value, 0), Power[channel]);
            }
        return features;
    }

    private (double[,] State, double[] Mean) State(double[,] features, int image, int head)
    {
        (double[,] state, double[] mean) = (new double[2 * headDim, headDim], new double[2 * headDim]);
        for (int t = 0; t < keys; t++)
            for (int i = 0; i < 2 * headDim; i++)
            {
                mean[i] += features[t, i] / keys;
                for (int j = 0; j < headDim; j++)
                    state[i, j] += features[t, i] * V[(((image * keys) + t) * _channels) + (head * headDim) + j] / keys;
            }
        return (state, mean);
    }

    private void BackwardFeatures(
        double[] x, double[]? position, double[] dX, double[,] dFeatures, int image, int head, int tokens)
    {
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < headDim; i++)
            {
                int channel = (head * headDim) + i;
                int at = (((image * tokens) + t) * _channels) + channel;
                double raw = x[at] + (position is { Length: > 0 } ? position[(t * _channels) + channel] : 0);
                (double value, double p) = (raw * InverseScale[channel], Power[channel]);
                if (value == 0)
                    continue;
                double dFeature = dFeatures[t, value > 0 ? i : headDim + i];
                double dValue = dFeature * p * Math.Pow(Math.Abs(value), p - 1) * Math.Sign(value);
                dX[at] += dValue * InverseScale[channel];
                DInverseScale[channel] += dValue * raw;
                DPower[channel] += dFeature * Math.Pow(Math.Abs(value), p) * Math.Log(Math.Abs(value));
            }
    }
}
