namespace PolaFormer.LongRange.Generation;

/// <summary>A line of paddles that grows: the point that the next paddle starts from, its direction, and the last paddle, whose surroundings are taken only when the next one stands.</summary>
internal readonly record struct PathfinderSnake((int Y, int X) Pivot, double Orientation, Paddle Last)
{
    /// <summary>Where the first paddle begins, or the last one ends.</summary>
    public (int Y, int X) Tip => (Last.Y, Last.X);
}
