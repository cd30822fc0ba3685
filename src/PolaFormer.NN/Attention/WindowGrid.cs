namespace PolaFormer.NN.Attention;

/// <summary>Windows that an image was cut into, row by row.</summary>
/// <param name="Rows">Windows from top to bottom.</param>
/// <param name="Columns">Windows from left to right.</param>
/// <param name="Shift">Tokens by which the image had been rolled up and to the left before.</param>
public readonly record struct WindowGrid(int Rows, int Columns, int Shift);
