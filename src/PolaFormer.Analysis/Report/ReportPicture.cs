using PolaFormer.Vision;

namespace PolaFormer.Analysis.Report;

/// <summary>A picture with its caption.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Image">The picture.</param>
public sealed record ReportPicture(string Caption, Image Image);
