namespace PolaFormer.Vision.Datasets;

/// <summary>Which files of a dataset count as images.</summary>
internal static class ImageFileNames
{
    public static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".bmp"];

    public static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
