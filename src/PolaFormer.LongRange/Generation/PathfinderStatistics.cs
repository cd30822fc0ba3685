namespace PolaFormer.LongRange.Generation;

/// <summary>What images of Pathfinder are like: the figures by which a generator is held to the original.</summary>
public sealed class PathfinderStatistics
{
    private const int Side = PathfinderCanvas.Side, PieceLevel = 96;

    private double _greySum, _pieces, _distractors;
    private long _zeros, _positives, _withWhite;

    /// <summary>Images.</summary>
    public long Count { get; private set; }

    /// <summary>Mean grey level.</summary>
    public double MeanGrey => _greySum / (Count * Side * Side);

    /// <summary>Share of pixels at 0.</summary>
    public double ZeroShare => (double)_zeros / (Count * Side * Side);

    /// <summary>Mean number of connected pieces (eight neighbours) of pixels above 96.</summary>
    public double Pieces => _pieces / Count;

    /// <summary>Mean number of short lines that found room.</summary>
    public double Distractors => _distractors / Count;

    /// <summary>Share of images whose discs are joined.</summary>
    public double PositiveShare => (double)_positives / Count;

    /// <summary>Share of images with a white pixel.</summary>
    public double WhiteShare => (double)_withWhite / Count;

    /// <summary>Counts an image.</summary>
    public void Add(PathfinderImage image)
    {
        Count++;
        _distractors += image.Distractors;
        _positives += image.Label;
        _greySum += image.Pixels.Sum(pixel => (double)pixel);
        _zeros += image.Pixels.Count(pixel => pixel == 0);
        _withWhite += image.Pixels.Contains(byte.MaxValue) ? 1 : 0;
        _pieces += PiecesOf(image.Pixels);
    }

    /// <summary>The figures of two sets together.</summary>
    public PathfinderStatistics With(PathfinderStatistics other) => new()
    {
        Count = Count + other.Count,
        _greySum = _greySum + other._greySum,
        _pieces = _pieces + other._pieces,
        _distractors = _distractors + other._distractors,
        _zeros = _zeros + other._zeros,
        _positives = _positives + other._positives,
        _withWhite = _withWhite + other._withWhite,
    };

    private static int PiecesOf(byte[] pixels)
    {
        bool[] seen = new bool[pixels.Length];
        var open = new Stack<int>();
        int pieces = 0;
        for (int start = 0; start < pixels.Length; start++)
        {
            if (!Enter(start))
                continue;
            pieces++;
            while (open.TryPop(out int place))
            {
                (int y, int x) = (place / Side, place % Side);
                for (int neighbour = 0; neighbour < 9; neighbour++)
                {
                    (int row, int column) = (y + (neighbour / 3) - 1, x + (neighbour % 3) - 1);
                    if (row is >= 0 and < Side && column is >= 0 and < Side)
                        Enter((row * Side) + column);
                }
            }
        }

        return pieces;

        bool Enter(int place)
        {
            if (seen[place] || pixels[place] <= PieceLevel)
                return false;
            seen[place] = true;
            open.Push(place);
            return true;
        }
    }
}
