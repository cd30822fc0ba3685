namespace PolaFormer.NN.Attention;

/// <summary>Sequences cut into blocks of neighbouring tokens; the last is filled up.</summary>
internal static class TokenBlocks
{
    /// <summary>Tokens of a block by default: an eighth of the sequence, from 1 to 64.</summary>
    public static int DefaultSize(int tokens) => Math.Clamp((tokens + 7) / 8, 1, 64);

    /// <summary>Blocks that hold a sequence.</summary>
    public static int Count(int tokens, int size) => (tokens + size - 1) / size;
}
