namespace PolaFormer.Vision;

/// <summary>A rectangle of whole pixels.</summary>
/// <param name="X">Column of the left edge.</param>
/// <param name="Y">Row of the top edge.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct PixelRect(int X, int Y, int Width, int Height)
{
    /// <summary>Throws unless the rectangle is not empty and lies within an image of the given size.</summary>
    internal void RequireInside(int width, int height)
    {
        if (X < 0 || Y < 0 || Width < 1 || Height < 1 || X > width - Width || Y > height - Height)
            throw new ArgumentOutOfRangeException(null, $"The rectangle {Width}×{Height} at ({X}, {Y}) is empty or leaves the image of {width}×{height}.");
    }
}
