"""Where the documentation is: the diagrams of estimators link to it."""

import os

# The address of the published site, without a slash at the end; there is none yet.
ADDRESS = ""


class DocumentationLink:
    """Link the HTML diagram of an estimator to its page in the API reference.

    The environment variable ``GALAXY_SKLEARN_DOCS`` names another copy of the site, such as one's
    own. Without an address there is no link. scikit-learn asks for these names.
    """

    _doc_link_module = "galaxy_sklearn"

    @property
    def _doc_link_template(self):
        address = os.environ.get("GALAXY_SKLEARN_DOCS", ADDRESS)
        return address and address + "/api/generated/galaxy_sklearn.{estimator_name}.html"
