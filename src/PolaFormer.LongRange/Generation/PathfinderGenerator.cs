using System.Collections.Concurrent;

namespace PolaFormer.LongRange.Generation;

/// <summary>
/// Makes images of Pathfinder32 by the rules of its authors' generator (drewlinsley/pathfinder, snakes2.py) with the parameters of Long
/// Range Arena: two lines of dashes on one map of occupied places, up to five short ones, a disc at an end of a line and one at an end of
/// the same line or of the other. Image i follows from the seed and i. Not for several threads at once.
/// </summary>
public sealed class PathfinderGenerator
{
    private const int Side = PathfinderCanvas.Side, PaddleLength = 2, Margin = 1, SeedDistance = 7, PaddleTries = 3, SnakeTries = 5, Distractors = 5;
    private const float TargetContrast = 1.5f, DistractorContrast = 2;
    private const double LeastFree = 0.01;

    // Points around the last one, one for each pixel of an arc of this radius.
    private const double Step = PaddleLength + Margin, ArcStep = 1 / Step;

    private static readonly ConcurrentDictionary<int, byte[]> s_discs = new();

    private readonly PathfinderCanvas _canvas = new();
    private readonly ChanceStream _chance;
    private readonly int _contourLength;
    private readonly List<(int Y, int X)> _points = [];
    private readonly List<((int Y, int X) Point, double Orientation, double Sum)> _candidates = [];

    /// <summary>Makes a generator.</summary>
    /// <param name="seed">What the images follow from.</param>
    /// <param name="contourLength">Paddles of a long line: 14, or 9 and 6 for the easier sets. Short ones have a third.</param>
    public PathfinderGenerator(ulong seed, int contourLength = 14)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contourLength, 3);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contourLength, 20);
        (_chance, _contourLength) = (new ChanceStream(seed, 0), contourLength);
    }

    /// <summary>Makes an image.</summary>
    /// <param name="number">Its number.</param>
    public PathfinderImage Make(long number)
    {
        _chance.Restart((ulong)number);
        int label = _chance.Below(2);
        ((int Y, int X)[] Origins, (int Y, int X)[] Ends)? targets;
        do
            targets = Targets();
        while (targets is null);
        int distractors = 0;
        for (int i = 0; i < Distractors; i++)
            distractors += Distractor() ? 1 : 0;

        int marked = _chance.Below(2);
        _canvas.Brighten(Disc(targets.Value.Origins[marked]));
        _canvas.Brighten(Disc(targets.Value.Ends[label == 1 ? marked : 1 - marked]));
        return new PathfinderImage(Stretched(_canvas.Ink), label, distractors);
    }

    // Two lines that grow in turns; null where one fails.
    private ((int Y, int X)[] Origins, (int Y, int X)[] Ends)? Targets()
    {
        _canvas.Clear();
        if (Seed(2 * SeedDistance, TargetContrast) is not { } first || SecondSeed(first.Tip) is not { } second)
            return null;
        PathfinderSnake[] snakes = [first, second];
        for (int paddle = 1; paddle < _contourLength; paddle++)
        {
            for (int i = 0; i < snakes.Length; i++)
            {
                if (Extended(snakes[i], TargetContrast) is not { } longer)
                    return null;
                snakes[i] = longer;
            }
        }

        // Of the first line the original leaves the last paddle's surroundings free.
        _canvas.Occupy(snakes[1].Last);
        return ([first.Tip, second.Tip], [snakes[0].Tip, snakes[1].Tip]);
    }

    private bool Distractor()
    {
        for (int i = 0; i < SnakeTries; i++)
        {
            _canvas.Save();
            if (Grown())
                return true;
            _canvas.Restore();
        }

        return false;

        bool Grown()
        {
            if (_canvas.FreeShare() < LeastFree || Seed(1, DistractorContrast) is not { } snake)
                return false;
            for (int paddle = 1; paddle < _contourLength / 3; paddle++)
            {
                if (Extended(snake, DistractorContrast) is not { } longer)
                    return false;
                snake = longer;
            }

            _canvas.Occupy(snake.Last);
            return true;
        }
    }

    private PathfinderSnake? Seed(int frame, float contrast)
    {
        for (int i = 0; i < PaddleTries; i++)
        {
            double orientation = Degrees(_chance.Below(360) - 180);
            var picture = PaddlePicture.Of(orientation);
            IReadOnlyList<int> places = _canvas.PlacesFor(picture, frame);
            if (places.Count == 0)
                return null;
            int place = places[_chance.Below(places.Count)];
            if (Begun((place / Side, place % Side), orientation, picture, contrast) is { } snake)
                return snake;
        }

        return null;
    }

    // At a distance of the first, in any direction.
    private PathfinderSnake? SecondSeed((int Y, int X) first)
    {
        for (int i = 0; i < PaddleTries; i++)
        {
            double orientation = Degrees(_chance.Below(360) - 180), direction = Degrees(_chance.Below(360));
            (int Y, int X) tail = ((int)Math.Round(first.Y + (SeedDistance * Math.Sin(direction))), (int)Math.Round(first.X + (SeedDistance * Math.Cos(direction))));
            if (Begun(tail, orientation, PaddlePicture.Of(orientation), TargetContrast) is { } snake)
                return snake;
        }

        return null;
    }

    // A first paddle; null where the line would leave the image.
    private PathfinderSnake? Begun((int Y, int X) tail, double orientation, PaddlePicture picture, float contrast)
    {
        double back = orientation + Math.PI < Math.PI ? orientation + Math.PI : orientation - Math.PI;
        (int Y, int X) head = PaddlePicture.Moved(tail.Y, tail.X, orientation, PaddleLength), pivot = PaddlePicture.Moved(head.Y, head.X, back, Step);
        if (!PathfinderCanvas.Contains(head) || !PathfinderCanvas.Contains(pivot))
            return null;
        var paddle = new Paddle(tail.Y, tail.X, picture);
        _canvas.Draw(paddle, contrast);
        return new PathfinderSnake(pivot, orientation, paddle);
    }

    // A paddle more; null where none finds room.
    private PathfinderSnake? Extended(PathfinderSnake snake, float contrast)
    {
        (int Y, int X) pivot = PaddlePicture.Moved(snake.Pivot.Y, snake.Pivot.X, snake.Orientation, PaddleLength + (2 * Margin));
        double total = FindCandidates(pivot, snake.Orientation);
        if (total < 1e-4)
            return null;
        for (int i = 0; i < PaddleTries; i++)
        {
            double drawn = _chance.Uniform() * total;
            ((int Y, int X) point, double orientation, _) = _candidates.First(candidate => candidate.Sum > drawn);
            var paddle = new Paddle(point.Y, point.X, PaddlePicture.Of(orientation < 0 ? orientation + Math.PI : orientation - Math.PI));
            if (_canvas.Crosses(paddle))
                continue;
            _canvas.Draw(paddle, contrast);
            _canvas.Occupy(snake.Last);
            return new PathfinderSnake(pivot, orientation, paddle);
        }

        return null;
    }

    // Points around a pivot by rows and columns, with running sums of their weights; the last is the total.
    private double FindCandidates((int Y, int X) pivot, double orientation)
    {
        _points.Clear();
        for (double angle = 0; angle < 2 * Math.PI; angle += ArcStep)
        {
            double y = pivot.Y + (Step * Math.Sin(angle)), x = pivot.X + (Step * Math.Cos(angle));
            if (y is >= 0 and < Side && x is >= 0 and < Side && !_points.Contains(((int)y, (int)x)))
                _points.Add(((int)y, (int)x));
        }

        _points.Sort();
        _candidates.Clear();
        double sum = 0;
        foreach ((int Y, int X) point in _points)
        {
            double direction = Math.Atan2(point.Y - pivot.Y, point.X - pivot.X), difference = Math.Abs(direction - orientation);
            double turn = Math.Min(Math.Min(difference, (2 * Math.PI) - difference), Math.PI / 2), along = Math.Max(Math.Cos(turn), 0);
            sum += _canvas.Freedom(point) * along * along;
            _candidates.Add((point, direction, sum));
        }

        return sum;
    }

    // A disc of radius 1.5, drawn at double resolution.
    private static byte[] Disc((int Y, int X) centre) => s_discs.GetOrAdd((centre.Y * 1024) + centre.X, _ =>
    {
        const int blown = 2 * Side, radius = 3;
        bool[] canvas = new bool[blown * blown];
        for (int i = 0; i < canvas.Length; i++)
        {
            (int y, int x) = ((i / blown) - (2 * centre.Y), (i % blown) - (2 * centre.X));
            canvas[i] = (y * y) + (x * x) <= radius * radius;
        }

        return PaddlePicture.Reduced(canvas, blown, Side);
    });

    private static byte[] Stretched(ReadOnlySpan<float> ink)
    {
        float min = float.PositiveInfinity, max = float.NegativeInfinity;
        foreach (float value in ink)
            (min, max) = (Math.Min(min, value), Math.Max(max, value));
        byte[] pixels = new byte[ink.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(((ink[i] - min) * 255 / (max - min)) + 0.5f);
        return pixels;
    }

    private static double Degrees(int degrees) => degrees * Math.PI / 180;
}
