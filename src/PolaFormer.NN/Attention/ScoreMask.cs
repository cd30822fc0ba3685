using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>What is added to scores so that some pairs of tokens do not see each other.</summary>
internal static class ScoreMask
{
    private const float Excluded = -1e9f;

    /// <summary>(images·groups, rows, columns): 0 where a pair sees each other, −10⁹ elsewhere.</summary>
    public static Tensor Of(int images, int groups, int rows, int columns, Func<int, int, int, int, bool> sees)
    {
        Tensor mask = Tensor.Zeros([images * groups, rows, columns]);
        if (mask.Device is MetaDevice)
            return mask;
        Span<float> values = mask.AsSpan<float>();
        for (int i = 0, g = 0; g < images * groups; g++)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++, i++)
                    values[i] = sees(g / groups, g % groups, row, column) ? 0 : Excluded;
            }
        }

        return mask;
    }

    /// <summary>The same where all rows of a group see the same columns.</summary>
    public static Tensor Of(int images, int groups, int rows, int columns, Func<int, int, int, bool> sees)
    {
        Tensor mask = Tensor.Zeros([images * groups, rows, columns]);
        for (int g = 0; g < images * groups && mask.Device is not MetaDevice; g++)
        {
            Span<float> group = mask.AsSpan<float>().Slice(g * rows * columns, rows * columns);
            for (int column = 0; column < columns; column++)
                group[column] = sees(g / groups, g % groups, column) ? 0 : Excluded;
            for (int row = 1; row < rows; row++)
                group[..columns].CopyTo(group[(row * columns)..]);
        }

        return mask;
    }
}
