using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Gaussian directions that are orthogonal in blocks of as many as dimensions, with the lengths that Gaussian vectors have
/// (Choromanski et al., ICLR 2021, §2.4): each direction is as likely as for independent ones, their estimates vary less.
/// </summary>
internal static class OrthogonalProjection
{
    /// <summary>(features, dim), a function of the seed.</summary>
    public static Tensor Draw(int features, int dim, ulong seed)
    {
        float[] projection = new float[features * dim];
        double[][] rows = new double[features][];
        for (int i = 0; i < features; i++)
        {
            rows[i] = Normal(dim, seed, (ulong)i);
            for (int j = i / dim * dim; j < i; j++)
                Subtract(rows[j], rows[i]);
            Scale(rows[i], 1 / Length(rows[i]));
        }

        for (int i = 0; i < features; i++)
        {
            Scale(rows[i], Length(Normal(dim, seed, (ulong)(features + i))));
            for (int c = 0; c < dim; c++)
                projection[(i * dim) + c] = (float)rows[i][c];
        }

        return Tensor.From(projection, [features, dim]);
    }

    private static double[] Normal(int dim, ulong seed, ulong stream)
    {
        float[] values = new float[dim];
        new Philox(seed, stream).FillNormal(values, 0);
        return Array.ConvertAll(values, value => (double)value);
    }

    // Takes the part along a unit vector away.
    private static void Subtract(double[] unit, double[] row)
    {
        double along = unit.Zip(row, (a, b) => a * b).Sum();
        for (int c = 0; c < row.Length; c++)
            row[c] -= along * unit[c];
    }

    private static double Length(double[] row) => Math.Sqrt(row.Sum(value => value * value));

    private static void Scale(double[] row, double factor)
    {
        for (int c = 0; c < row.Length; c++)
            row[c] *= factor;
    }
}
