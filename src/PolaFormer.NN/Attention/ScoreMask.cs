using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>What is added to scores so that some pairs of tokens do not see each other.</summary>
internal static class ScoreMask
{
    private const float Excluded = -1e9f;

    /// <summary>(images·groups, rows, columns), rows being 1 where all queries of a group see the same: 0 where a pair sees each other, −10⁹ elsewhere.</summary>
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
}
