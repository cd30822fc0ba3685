namespace PolaFormer.Tensors.Tests.Kernels.Attention;

/// <summary>Softmax attention composed from plain loops in double precision.</summary>
internal sealed class SoftmaxReference(int batch, int heads, int headDim, int queries, int keys)
{
    private readonly int _channels = heads * headDim;

    public double[] Q = [], K = [], V = [], Bias = [], Mask = [];
    public double Scale = 1;
    public double[] DQ = [], DK = [], DV = [], DBias = [];

    public double[] Forward()
    {
        double[] output = new double[Q.Length];
        ForEachRow((image, head, query) =>
        {
            double[] p = Probabilities(image, head, query);
            for (int t = 0; t < keys; t++)
                for (int j = 0; j < headDim; j++)
                    output[At(image, query, head, queries) + j] += p[t] * V[At(image, t, head, keys) + j];
        });
        return output;
    }

    public void Backward(double[] dOutput)
    {
        (DQ, DK, DV) = (new double[Q.Length], new double[K.Length], new double[V.Length]);
        DBias = new double[heads * queries * keys];
        ForEachRow((image, head, query) =>
        {
            (double[] p, int row) = (Probabilities(image, head, query), At(image, query, head, queries));
            double[] dP = new double[keys];
            for (int t = 0; t < keys; t++)
                for (int j = 0; j < headDim; j++)
                {
                    dP[t] += dOutput[row + j] * V[At(image, t, head, keys) + j];
                    DV[At(image, t, head, keys) + j] += p[t] * dOutput[row + j];
                }
            double mean = p.Zip(dP, (a, b) => a * b).Sum();
            for (int t = 0; t < keys; t++)
            {
                double dScore = p[t] * (dP[t] - mean);
                DBias[(((head * queries) + query) * keys) + t] += dScore;
                for (int j = 0; j < headDim; j++)
                {
                    DQ[row + j] += Scale * dScore * K[At(image, t, head, keys) + j];
                    DK[At(image, t, head, keys) + j] += Scale * dScore * Q[row + j];
                }
            }
        });
    }

    private int At(int image, int token, int head, int tokens) => (((image * tokens) + token) * _channels) + (head * headDim);

    private void ForEachRow(Action<int, int, int> action)
    {
        for (int image = 0; image < batch; image++)
            for (int head = 0; head < heads; head++)
                for (int query = 0; query < queries; query++)
                    action(image, head, query);
    }

    private double[] Probabilities(int image, int head, int query)
    {
        double[] scores = new double[keys];
        for (int t = 0; t < keys; t++)
        {
            for (int j = 0; j < headDim; j++)
                scores[t] += Scale * Q[At(image, query, head, queries) + j] * K[At(image, t, head, keys) + j];
            if (Bias.Length > 0)
                scores[t] += Bias[(((head * queries) + query) * keys) + t];
            if (Mask.Length > 0)
                scores[t] += Mask[(((image % (Mask.Length / (queries * keys)) * queries) + query) * keys) + t];
        }
        double maximum = scores.Max();
        double[] exponentials = scores.Select(score => Math.Exp(score - maximum)).ToArray();
        double sum = exponentials.Sum();
        return [.. exponentials.Select(value => value / sum)];
    }
}
