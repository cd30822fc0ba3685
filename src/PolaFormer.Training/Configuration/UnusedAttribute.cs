namespace PolaFormer.Training.Configuration;

/// <summary>A key of the authors' that nothing here uses: every value but the default is refused, because it would have no effect.</summary>
/// <param name="reason">Why nothing uses it, and what does its work.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class UnusedAttribute(string reason) : Attribute
{
    /// <summary>Why nothing uses it, and what does its work.</summary>
    public string Reason => reason;
}
