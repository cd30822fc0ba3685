using System.Collections.Concurrent;

namespace PolaFormer.LongRange.Generation;

/// <summary>Brightness and occupied places of an image under way; what a failed line has left is taken back.</summary>
internal sealed class PathfinderCanvas
{
    /// <summary>Rows and columns.</summary>
    public const int Side = 32;

    private const byte Occupied = 255;

    // Of 1: places occupied by more count as taken, and paddles may not lie where both together reach more.
    private const int Free = 76, Crossing = 459;

    private static readonly ConcurrentDictionary<PaddlePicture, bool> s_reachesAll = new();

    private readonly float[] _ink = new float[Side * Side], _savedInk = new float[Side * Side];
    private readonly byte[] _mask = new byte[Side * Side], _savedMask = new byte[Side * Side], _dilated = new byte[Side * Side];
    private readonly List<int> _available = [];

    /// <summary>Brightness, by rows; contrasts above 1 are brighter than white.</summary>
    public ReadOnlySpan<float> Ink => _ink;

    /// <summary>Makes everything dark, and all places free but a frame of one pixel.</summary>
    public void Clear()
    {
        Array.Clear(_ink);
        for (int i = 0; i < _mask.Length; i++)
            _mask[i] = IsInFrame(i, 1) ? Occupied : (byte)0;
    }

    /// <summary>Remembers the state for <see cref="Restore"/>.</summary>
    public void Save()
    {
        _ink.CopyTo(_savedInk, 0);
        _mask.CopyTo(_savedMask, 0);
    }

    /// <summary>Takes back what was drawn since <see cref="Save"/>.</summary>
    public void Restore()
    {
        _savedInk.CopyTo(_ink, 0);
        _savedMask.CopyTo(_mask, 0);
    }

    /// <summary>Whether a point lies in the image.</summary>
    public static bool Contains((int Y, int X) point) => point.Y is >= 0 and < Side && point.X is >= 0 and < Side;

    /// <summary>Share of places that are free.</summary>
    public double FreeShare() => (double)_mask.Count(value => value <= Free) / _mask.Length;

    /// <summary>Draws a paddle's picture around a point.</summary>
    public void Draw(Paddle paddle, float contrast)
    {
        (int top, int bottom, int left, int right) = Part(paddle);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                (int place, int pixel) = (Place(paddle, y, x), (y * PaddlePicture.Side) + x);
                _ink[place] = Math.Max(_ink[place], paddle.Picture.Ink[pixel] / 255f * contrast);
            }
        }
    }

    /// <summary>Takes a paddle's surroundings.</summary>
    public void Occupy(Paddle paddle)
    {
        (int top, int bottom, int left, int right) = Part(paddle);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                (int place, int pixel) = (Place(paddle, y, x), (y * PaddlePicture.Side) + x);
                _mask[place] = Math.Max(_mask[place], paddle.Picture.Mask[pixel]);
            }
        }
    }

    /// <summary>Brightens by a picture of the whole image.</summary>
    public void Brighten(byte[] picture)
    {
        for (int i = 0; i < _ink.Length; i++)
            _ink[i] = Math.Max(_ink[i], picture[i] / 255f);
    }

    /// <summary>Whether a paddle's surroundings reach into those of others.</summary>
    public bool Crosses(Paddle paddle)
    {
        (int top, int bottom, int left, int right) = Part(paddle);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                (int place, int pixel) = (Place(paddle, y, x), (y * PaddlePicture.Side) + x);
                if (_mask[place] + paddle.Picture.Mask[pixel] >= Crossing)
                    return true;
            }
        }

        return false;
    }

    /// <summary>How free a place and its four neighbours are, 0 … 1.</summary>
    public double Freedom((int Y, int X) point)
    {
        int most = 0;
        foreach ((int dy, int dx) in (ReadOnlySpan<(int, int)>)[(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])
        {
            if (Contains((point.Y + dy, point.X + dx)))
                most = Math.Max(most, _mask[((point.Y + dy) * Side) + point.X + dx]);
        }

        return 1 - (most / 255.0);
    }

    /// <summary>
    /// Places where a first paddle of a direction may begin: those that are free when the occupied ones, with a frame, are dilated by the
    /// paddle's element. As in the original, there is none at all where the element leaves a pixel at the border without one under it, whose
    /// dilated value is −∞ there: lines begin upwards to the left.
    /// </summary>
    public IReadOnlyList<int> PlacesFor(PaddlePicture picture, int frame)
    {
        _available.Clear();
        if (!s_reachesAll.GetOrAdd(picture, ReachesAll))
            return _available;
        Array.Clear(_dilated);
        foreach ((int dy, int dx) in picture.Element)
        {
            for (int y = Math.Max(0, -dy); y < Math.Min(Side, Side - dy); y++)
            {
                for (int x = Math.Max(0, -dx); x < Math.Min(Side, Side - dx); x++)
                {
                    int from = ((y + dy) * Side) + x + dx, to = (y * Side) + x;
                    _dilated[to] = Math.Max(_dilated[to], IsInFrame(from, frame) ? Occupied : _mask[from]);
                }
            }
        }

        for (int i = 0; i < _dilated.Length; i++)
        {
            if (_dilated[i] <= Free)
                _available.Add(i);
        }

        return _available;
    }

    private static bool ReachesAll(PaddlePicture picture) => Enumerable.Range(0, Side * Side)
        .All(place => picture.Element.Any(offset => Contains(((place / Side) + offset.Y, (place % Side) + offset.X))));

    private static bool IsInFrame(int place, int width) =>
        place / Side < width || place / Side >= Side - width || place % Side < width || place % Side >= Side - width;

    // The part of a paddle's picture that lies in the image: its rows, and the first and last of its columns.
    private static (int Top, int Bottom, int Left, int Right) Part(Paddle paddle)
    {
        int top = paddle.Y - PaddlePicture.Reach, left = paddle.X - PaddlePicture.Reach;
        return (Math.Max(0, -top), Math.Min(PaddlePicture.Side, Side - top), Math.Max(0, -left), Math.Min(PaddlePicture.Side, Side - left));
    }

    // Place in the image of a picture's pixel.
    private static int Place(Paddle paddle, int y, int x) => ((paddle.Y - PaddlePicture.Reach + y) * Side) + paddle.X - PaddlePicture.Reach + x;
}
